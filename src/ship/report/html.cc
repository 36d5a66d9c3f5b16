#include "ship/report/html.h"

#include <cstdint>

namespace hone::ship::report {

namespace {

constexpr const char* replacement = "\xEF\xBF\xBD";

// Length of the UTF-8 sequence at the start of `s` and its code point; 0 where there is none.
size_t decode(std::string_view s, uint32_t* code) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return *code = first, 1;
  const size_t n = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || s.size() < n) return 0;
  uint32_t c = first & (0x7Fu >> n);
  for (size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    c = c << 6 | (byte(i) & 0x3Fu);
  }
  constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return 0;
  return *code = c, n;
}

bool shown(uint32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n';
  if (c >= 0x7F && c < 0xA0) return false;
  if (c == 0xFFFE || c == 0xFFFF) return false;
  // Marks, embeddings, overrides and isolates that change the direction of text after them.
  return !(c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069));
}

}  // namespace

Html escaped(std::string_view text) {
  Html out;
  while (!text.empty()) {
    uint32_t c = 0;
    const size_t n = decode(text, &c);
    if (n == 0 || !shown(c)) {
      out.s_ += replacement;
    } else if (c == '&') {
      out.s_ += "&amp;";
    } else if (c == '<') {
      out.s_ += "&lt;";
    } else if (c == '>') {
      out.s_ += "&gt;";
    } else if (c == '"') {
      out.s_ += "&quot;";
    } else if (c == '\'') {
      out.s_ += "&#39;";
    } else {
      out.s_ += text.substr(0, n);
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
  return out;
}

std::string visible(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    uint32_t c = 0;
    const size_t n = decode(text, &c);
    out += n == 0 || !shown(c) ? std::string_view(replacement) : text.substr(0, n);
    text.remove_prefix(n == 0 ? 1 : n);
  }
  return out;
}

Html literal(const char* html) {
  Html out;
  out.s_ = html;
  return out;
}

// The one place that writes tags.
struct Element {
  static Html make(const char* tag, const Attributes& attributes, const Html& inside) {
    const std::string_view name(tag);
    Html out;
    out.s_ = "<" + std::string(name);
    for (const Attribute& a : attributes) {
      out.s_ += std::string(" ") + a.name + "=\"" + escaped(a.value).str() + "\"";
    }
    if (name == "meta" || name == "br" || name == "col") {
      out.s_ += "/>";
      return out;
    }
    out.s_ += ">" + inside.s_ + "</" + std::string(name) + ">";
    return out;
  }
};

Html element(const char* tag, const Attributes& attributes, const Html& inside) {
  return Element::make(tag, attributes, inside);
}

Html element(const char* tag, const Attributes& attributes, std::string_view text) {
  return Element::make(tag, attributes, escaped(text));
}

}  // namespace hone::ship::report
