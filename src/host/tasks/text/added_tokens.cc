#include "host/tasks/text/added_tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/tasks/text/characters.h"

namespace hone::tasks::text {

namespace {

bool ends_with_word(std::string_view s) {
  if (s.empty()) return false;
  size_t at = s.size() - 1;
  while ((s[at] & 0xC0) == 0x80) --at;
  return is_word(decode(s.substr(at))[0]);
}

char32_t first_of(std::string_view s) { return decode(s.substr(0, utf8_size(s[0])))[0]; }

bool starts_with_word(std::string_view s) { return !s.empty() && is_word(first_of(s)); }

size_t skip_blanks(std::string_view s, size_t at) {
  while (at < s.size() && is_white_space(first_of(s.substr(at)))) at += utf8_size(s[at]);
  return at;
}

}  // namespace

Status AddedTokens::add(AddedToken token) {
  if (token.content.empty()) return invalid("an added token without content");
  auto& bucket = by_first_byte_[static_cast<unsigned char>(token.content[0])];
  const auto at = std::find_if(bucket.begin(), bucket.end(), [&](const AddedToken& t) {
    return t.content.size() <= token.content.size();
  });
  for (auto same = at; same != bucket.end(); ++same) {
    if (same->content == token.content) {
      return invalid(fmt::format("the added token '{}' stands there twice", token.content));
    }
  }
  bucket.insert(at, std::move(token));
  return ok_status();
}

const AddedToken* AddedTokens::match(std::string_view s, size_t at) const {
  for (const AddedToken& t : by_first_byte_[static_cast<unsigned char>(s[at])]) {
    if (s.substr(at).starts_with(t.content)) return &t;
  }
  return nullptr;
}

std::vector<AddedTokens::Piece> AddedTokens::split(std::string_view s) const {
  std::vector<Piece> pieces;
  size_t done = 0;
  for (size_t at = 0; at < s.size();) {
    const AddedToken* t = match(s, at);
    if (t == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + t->content.size();
    at = end;  // what is refused is not looked into again
    if (t->single_word && (ends_with_word(s.substr(0, begin)) || starts_with_word(s.substr(end)))) {
      continue;
    }
    if (t->lstrip) begin = std::max(trim_end(s.substr(0, begin)).size(), done);
    if (t->rstrip) end = skip_blanks(s, end);
    if (done < begin) pieces.push_back({s.substr(done, begin - done)});
    pieces.push_back({s.substr(begin, end - begin), t->id});
    done = end;
  }
  if (done < s.size()) pieces.push_back({s.substr(done)});
  return pieces;
}

}  // namespace hone::tasks::text
