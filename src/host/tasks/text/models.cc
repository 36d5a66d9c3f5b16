#include "host/tasks/text/models.h"

#include <fmt/format.h>

#include <queue>

#include "host/graph/quote.h"
#include "host/tasks/text/characters.h"

namespace hone::tasks::text {

namespace {

Result<int32_t> unknown_id(const Vocabulary& v, const std::string& token) {
  const int32_t id = find_id(v, token);
  if (id >= 0) return id;
  return error(Code::not_found,
               fmt::format("the vocabulary lacks the unknown token '{}'", graph::one_line(token)));
}

int64_t count_characters(std::string_view s) {
  int64_t n = 0;
  for (size_t at = 0; at < s.size(); at += utf8_size(s[at])) ++n;
  return n;
}

}  // namespace

WordPiece::Part WordPiece::longest(std::string_view rest, std::string_view before) const {
  std::string key(before);
  key += rest;
  size_t size = rest.size();
  while (size > 0) {
    key.resize(before.size() + size);
    if (const int32_t id = find_id(vocabulary, key); id >= 0) return {id, size};
    do --size;
    while (size > 0 && (rest[size] & 0xC0) == 0x80);
  }
  return {};
}

Status WordPiece::append(std::string_view word, std::vector<int32_t>* ids) const {
  const size_t before = ids->size();
  bool known = count_characters(word) <= max_characters;
  for (size_t at = 0; known && at < word.size();) {
    const Part part = longest(word.substr(at), at > 0 ? prefix : "");
    known = part.size > 0;
    ids->push_back(part.id);
    at += part.size;
  }
  if (known) return ok_status();
  ids->resize(before);
  HONE_ASSIGN(int32_t id, unknown_id(vocabulary, unknown));
  ids->push_back(id);
  return ok_status();
}

Result<std::vector<int32_t>> Bpe::characters(std::string_view word) const {
  std::vector<int32_t> symbols;
  bool after_unknown = false;
  for (size_t at = 0; at < word.size();) {
    const size_t n = utf8_size(word[at]);
    int32_t id = find_id(vocabulary, word.substr(at, n));
    at += n;
    const bool known = id >= 0;
    if (!known) {
      if (unknown.empty() || (after_unknown && fuse_unknown)) continue;
      HONE_ASSIGN(id, unknown_id(vocabulary, unknown));
    }
    symbols.push_back(id);
    after_unknown = !known;
  }
  return symbols;
}

// Merges wait by rank, then place. One whose pair has changed meanwhile is still carried out where
// the pair now there makes the same token, whatever that pair's own rank: so in `tokenizers`.
void Bpe::merge(std::vector<int32_t>* symbols) const {
  struct Waiting {
    int32_t rank, at, id;
    bool operator<(const Waiting& o) const { return rank != o.rank ? rank > o.rank : at > o.at; }
  };
  const auto n = static_cast<int32_t>(symbols->size());
  std::vector<int32_t> previous(symbols->size()), next(symbols->size());
  std::priority_queue<Waiting> queue;
  const auto find = [&](int32_t at) {
    const int32_t right = next[static_cast<size_t>(at)];
    return right < n ? merges.find(pair_key((*symbols)[static_cast<size_t>(at)],
                                            (*symbols)[static_cast<size_t>(right)]))
                     : merges.end();
  };
  const auto wait = [&](int32_t at) {
    if (const auto m = find(at); m != merges.end()) {
      queue.push({m->second.rank, at, m->second.id});
    }
  };
  for (int32_t i = 0; i < n; ++i) {
    previous[static_cast<size_t>(i)] = i - 1;
    next[static_cast<size_t>(i)] = i + 1;
  }
  for (int32_t i = 0; i < n; ++i) wait(i);
  while (!queue.empty()) {
    const Waiting top = queue.top();
    queue.pop();
    const auto at = static_cast<size_t>(top.at);
    if ((*symbols)[at] < 0) continue;
    const auto m = find(top.at);
    if (m == merges.end() || m->second.id != top.id) continue;
    const auto right = static_cast<size_t>(next[at]);
    (*symbols)[at] = top.id;
    (*symbols)[right] = -1;
    next[at] = next[right];
    if (next[at] < n) previous[static_cast<size_t>(next[at])] = top.at;
    if (previous[at] >= 0) wait(previous[at]);
    wait(top.at);
  }
  std::erase(*symbols, -1);
}

Status Bpe::append(std::string_view word, std::vector<int32_t>* ids) const {
  if (whole_words_first) {
    if (const int32_t id = find_id(vocabulary, word); id >= 0) {
      ids->push_back(id);
      return ok_status();
    }
  }
  HONE_ASSIGN(std::vector<int32_t> symbols, characters(word));
  merge(&symbols);
  ids->insert(ids->end(), symbols.begin(), symbols.end());
  return ok_status();
}

}  // namespace hone::tasks::text
