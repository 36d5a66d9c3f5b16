// HTML as a type of its own: text becomes Html only by being escaped, so that a layer named
// "<script>" stays a name. The output is well-formed XML, too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hone::ship::report {

class Html {
 public:
  Html() = default;
  Html& operator+=(const Html& o) { return s_ += o.s_, *this; }
  friend Html operator+(Html a, const Html& b) { return a += b; }
  bool empty() const { return s_.empty(); }
  const std::string& str() const { return s_; }

 private:
  friend Html literal(const char* html);
  friend Html escaped(std::string_view text);
  friend struct Element;
  std::string s_;
};

// Text as content. Markup is escaped; what XML cannot hold or what would reorder the text around it
// (control characters, bytes that are not UTF-8, bidirectional overrides) becomes U+FFFD.
Html escaped(std::string_view text);
// The same replacements without escaping markup: for text that a script puts on the page.
std::string visible(std::string_view text);
// HTML written in this program.
Html literal(const char* html);

struct Attribute {
  const char* name;
  std::string value;  // escaped here
};
using Attributes = std::vector<Attribute>;

// <tag name="value">inside</tag>; elements that HTML leaves empty (meta, br) are closed "/>".
Html element(const char* tag, const Attributes& attributes, const Html& inside = {});
// The same with text inside.
Html element(const char* tag, const Attributes& attributes, std::string_view text);

}  // namespace hone::ship::report
