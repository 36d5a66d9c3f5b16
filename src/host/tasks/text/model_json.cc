#include "host/tasks/text/model_json.h"

#include <fmt/format.h>

#include <limits>

namespace hone::tasks::text {

namespace {

// The parts of a word are sought in steps that grow with the cube of its length.
constexpr int64_t max_word = 1024;
constexpr int64_t max_id = std::numeric_limits<int32_t>::max() - 1;

Result<Vocabulary> read_entries(const Json& model) {
  const Json* vocab = find_member(model, "vocab");
  if (vocab == nullptr || !vocab->is_object()) return corrupt("model: 'vocab' is not an object");
  Vocabulary v;
  v.reserve(vocab->size());
  for (const auto& [token, id] : vocab->items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > static_cast<uint64_t>(max_id)) {
      return corrupt(
          fmt::format("model: the number of '{}' is not one from 0 to {}", token, max_id));
    }
    v.emplace(token, id.get<int32_t>());
  }
  return v;
}

Result<WordPiece> read_word_piece(const Json& model) {
  WordPiece m;
  HONE_ASSIGN(m.vocabulary, read_entries(model));
  HONE_ASSIGN(m.unknown, string_of(model, "unk_token"));
  HONE_ASSIGN(m.prefix, string_of(model, "continuing_subword_prefix"));
  HONE_ASSIGN(m.max_characters, number(model, "max_input_chars_per_word", max_word));
  return m;
}

// "a b", or ["a", "b"].
Result<std::pair<std::string, std::string>> read_pair(const Json& merge, int64_t rank) {
  const auto refuse = [&] { return corrupt(fmt::format("model: merge {} is not a pair", rank)); };
  if (merge.is_string()) {
    const auto& s = merge.get_ref<const std::string&>();
    const size_t blank = s.find(' ');
    if (blank == std::string::npos || s.find(' ', blank + 1) != std::string::npos) return refuse();
    return std::pair(s.substr(0, blank), s.substr(blank + 1));
  }
  if (!merge.is_array() || merge.size() != 2 || !merge[0].is_string() || !merge[1].is_string()) {
    return refuse();
  }
  return std::pair(merge[0].get<std::string>(), merge[1].get<std::string>());
}

bool is_version_line(const Json& merge) {
  return merge.is_string() && merge.get_ref<const std::string&>().starts_with("#version");
}

Status read_merges(const Json& model, Bpe* m) {
  const Json* merges = find_member(model, "merges");
  if (merges == nullptr || !merges->is_array()) return corrupt("model: 'merges' is not a list");
  int32_t rank = 0;
  for (const Json& merge : *merges) {
    if (is_version_line(merge)) continue;
    HONE_ASSIGN(auto both, read_pair(merge, rank));
    const int32_t left = find_id(m->vocabulary, both.first);
    const int32_t right = find_id(m->vocabulary, both.second);
    const int32_t made = find_id(m->vocabulary, both.first + both.second);
    if (left < 0 || right < 0 || made < 0) {
      return corrupt(fmt::format("model: merge {} ('{}' '{}') is not in the vocabulary", rank,
                                 both.first, both.second));
    }
    m->merges[Bpe::pair_key(left, right)] = {rank, made};
    ++rank;
  }
  return ok_status();
}

Result<Bpe> read_bpe(const Json& model) {
  const Json* dropout = find_member(model, "dropout");
  if (dropout != nullptr && !(dropout->is_number() && dropout->get<double>() == 0)) {
    return unsupported("model: BPE with dropout, which is for training");
  }
  HONE_ASSIGN(const bool fallback, flag(model, "byte_fallback", false));
  if (fallback) return unsupported("model: BPE with byte_fallback");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    HONE_ASSIGN(const std::string s, string_of(model, key, ""));
    if (!s.empty()) return unsupported(fmt::format("model: BPE with a {}", key));
  }
  Bpe m;
  HONE_ASSIGN(m.vocabulary, read_entries(model));
  HONE_RETURN_IF_ERROR(read_merges(model, &m));
  HONE_ASSIGN(m.unknown, string_of(model, "unk_token", ""));
  HONE_ASSIGN(m.fuse_unknown, flag(model, "fuse_unk", false));
  HONE_ASSIGN(m.whole_words_first, flag(model, "ignore_merges", false));
  return m;
}

}  // namespace

Result<std::variant<WordPiece, Bpe>> read_model(const Json& model) {
  // Older files leave the type to be seen from what is there.
  const char* looks = find_member(model, "merges") != nullptr                     ? "BPE"
                      : find_member(model, "max_input_chars_per_word") != nullptr ? "WordPiece"
                                                                                  : "untyped";
  HONE_ASSIGN(const std::string type, string_of(model, "type", looks));
  using Model = std::variant<WordPiece, Bpe>;
  if (type == "WordPiece") {
    HONE_ASSIGN(WordPiece m, read_word_piece(model));
    return Model(std::move(m));
  }
  if (type == "BPE") {
    HONE_ASSIGN(Bpe m, read_bpe(model));
    return Model(std::move(m));
  }
  return unsupported(fmt::format("a model of type {}: WordPiece and BPE are known", type));
}

}  // namespace hone::tasks::text
