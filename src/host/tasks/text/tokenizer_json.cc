// tokenizer.json, the file of Hugging Face's `tokenizers`.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "host/tasks/text/model_json.h"

namespace hone::tasks::text {

namespace {

Status read_normalizer(const Json* j, Parts* p) {
  if (j == nullptr) return ok_status();
  HONE_ASSIGN(const std::string type, string_of(*j, "type"));
  if (type != "BertNormalizer") {
    return unsupported(
        fmt::format("a normalizer of type {}: BertNormalizer and none are known", type));
  }
  BertNormalizer n;
  HONE_ASSIGN(n.clean_text, flag(*j, "clean_text"));
  HONE_ASSIGN(n.ideographs, flag(*j, "handle_chinese_chars"));
  HONE_ASSIGN(n.lower_case, flag(*j, "lowercase"));
  HONE_ASSIGN(n.strip_accents, flag(*j, "strip_accents", n.lower_case));
  p->normalizer = n;
  return ok_status();
}

Status read_words(const Json* j, Parts* p) {
  if (j == nullptr) return ok_status();
  HONE_ASSIGN(const std::string type, string_of(*j, "type"));
  if (type == "BertPreTokenizer") {
    p->words = Parts::Words::bert;
    return ok_status();
  }
  if (type != "ByteLevel") {
    return unsupported(
        fmt::format("a pre_tokenizer of type {}: BertPreTokenizer and ByteLevel are known", type));
  }
  p->words = Parts::Words::byte_level;
  HONE_ASSIGN(p->byte_level.prefix_space, flag(*j, "add_prefix_space"));
  HONE_ASSIGN(p->byte_level.split, flag(*j, "use_regex", true));
  return ok_status();
}

Result<Direction> read_direction(const Json& j) {
  HONE_ASSIGN(const std::string side, string_of(j, "direction", "Right"));
  if (side == "Right") return Direction::right;
  if (side == "Left") return Direction::left;
  return corrupt(fmt::format("a direction '{}'", side));
}

Status read_truncation(const Json* j, Truncation* t) {
  if (j == nullptr) return ok_status();
  HONE_ASSIGN(t->max_length, number(*j, "max_length", max_encoding_length));
  if (t->max_length == 0) return unsupported("a truncation to nothing");
  HONE_ASSIGN(t->side, read_direction(*j));
  HONE_ASSIGN(const std::string strategy, string_of(*j, "strategy"));
  if (strategy == "LongestFirst") {
    t->strategy = Overlong::longest_first;
  } else if (strategy == "OnlyFirst") {
    t->strategy = Overlong::only_first;
  } else if (strategy == "OnlySecond") {
    t->strategy = Overlong::only_second;
  } else {
    return unsupported(fmt::format("a truncation by {}", strategy));
  }
  return ok_status();
}

Status read_padding(const Json* j, Padding* p) {
  if (j == nullptr) return ok_status();
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  HONE_ASSIGN(p->side, read_direction(*j));
  HONE_ASSIGN(const int64_t id, number(*j, "pad_id", most));
  HONE_ASSIGN(const int64_t type, number(*j, "pad_type_id", most));
  HONE_ASSIGN(const int64_t multiple, number(*j, "pad_to_multiple_of", max_encoding_length, 1));
  p->id = static_cast<int32_t>(id);
  p->type = static_cast<int32_t>(type);
  p->multiple = std::max<int64_t>(multiple, 1);
  // The other strategy, to the longest of a batch, does nothing to one text.
  const Json* strategy = find_member(*j, "strategy");
  if (strategy == nullptr || !strategy->is_object()) return ok_status();
  HONE_ASSIGN(p->length, number(*strategy, "Fixed", max_encoding_length));
  return ok_status();
}

const Vocabulary& vocabulary_of(const Parts& p) {
  return std::visit([](const auto& m) -> const Vocabulary& { return m.vocabulary; }, p.model);
}

// `tokenizers` numbers added tokens itself: as the vocabulary does, or behind it in order.
Status read_added(const Json& list, Parts* p) {
  if (!list.is_array()) return corrupt("'added_tokens' is not a list");
  const Vocabulary& vocabulary = vocabulary_of(*p);
  auto next = static_cast<int64_t>(vocabulary.size());
  std::set<std::string> seen;
  for (const Json& j : list) {
    AddedToken t;
    HONE_ASSIGN(t.content, string_of(j, "content"));
    HONE_ASSIGN(const int64_t id, number(j, "id", std::numeric_limits<int32_t>::max()));
    HONE_ASSIGN(t.single_word, flag(j, "single_word"));
    HONE_ASSIGN(t.lstrip, flag(j, "lstrip"));
    HONE_ASSIGN(t.rstrip, flag(j, "rstrip"));
    HONE_ASSIGN(const bool normalized, flag(j, "normalized"));
    if (t.content.empty()) continue;
    if (!seen.insert(t.content).second) {
      return corrupt(fmt::format("the added token '{}' stands there twice", t.content));
    }
    const int64_t known = find_id(vocabulary, t.content);
    const int64_t its = known >= 0 ? known : next++;
    if (its != id) {
      return unsupported(fmt::format("added token '{}' has number {}, where its place gives it {}",
                                     t.content, id, its));
    }
    t.id = static_cast<int32_t>(id);
    if (normalized && p->normalizer) t.content = (*p->normalizer)(t.content);
    HONE_RETURN_IF_ERROR((normalized ? p->normalized : p->raw).add(std::move(t)));
    p->largest_id = std::max(p->largest_id, static_cast<int32_t>(id));
  }
  return ok_status();
}

// What fills up where the file does not say.
int32_t usual_padding(const Vocabulary& v) {
  for (const char* token : {"[PAD]", "<pad>"}) {
    if (const int32_t id = find_id(v, token); id >= 0) return id;
  }
  return 0;
}

void find_largest(Parts* p) {
  for (const auto& entry : vocabulary_of(*p)) p->largest_id = std::max(p->largest_id, entry.second);
  for (const Template* t : {&p->single, &p->pair}) {
    for (const Template::Piece& piece : t->pieces) {
      for (int32_t id : piece.ids) p->largest_id = std::max(p->largest_id, id);
    }
  }
  p->largest_id = std::max(p->largest_id, p->padding.id);
}

}  // namespace

Result<Parts> read_tokenizer_json(std::string_view json) {
  const Json j = Json::parse(json, nullptr, false);
  if (!j.is_object()) return corrupt("not JSON, though it begins as an object of it");
  const Json* model = find_member(j, "model");
  if (model == nullptr) return corrupt("JSON without a 'model': not a tokenizer.json");
  HONE_ASSIGN(const std::string version, string_of(j, "version", "1.0"));
  if (version != "1.0") return unsupported(fmt::format("a tokenizer.json of version {}", version));
  Parts p;
  HONE_ASSIGN(p.model, read_model(*model));
  HONE_RETURN_IF_ERROR(read_normalizer(find_member(j, "normalizer"), &p));
  HONE_RETURN_IF_ERROR(read_words(find_member(j, "pre_tokenizer"), &p));
  HONE_RETURN_IF_ERROR(read_template(find_member(j, "post_processor"), &p));
  HONE_RETURN_IF_ERROR(read_truncation(find_member(j, "truncation"), &p.truncation));
  p.padding.id = usual_padding(vocabulary_of(p));
  HONE_RETURN_IF_ERROR(read_padding(find_member(j, "padding"), &p.padding));
  if (const Json* added = find_member(j, "added_tokens"))
    HONE_RETURN_IF_ERROR(read_added(*added, &p));
  find_largest(&p);
  return p;
}

}  // namespace hone::tasks::text
