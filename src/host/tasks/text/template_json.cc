// The post_processor of a tokenizer.json as templates for one text and for two.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "host/tasks/text/model_json.h"

namespace hone::tasks::text {

namespace {

constexpr int64_t max_id = std::numeric_limits<int32_t>::max() - 1;
constexpr size_t max_pieces = 256;

Result<int32_t> as_id(const Json& j) {
  if (!j.is_number_unsigned() || j.get<uint64_t>() > static_cast<uint64_t>(max_id)) {
    return corrupt("post_processor: a number that no token can have");
  }
  return j.get<int32_t>();
}

// "cls": ["[CLS]", 101]
Result<int32_t> named_id(const Json& processor, const char* key) {
  const Json* pair = find_member(processor, key);
  if (pair == nullptr || !pair->is_array() || pair->size() != 2) {
    return corrupt(fmt::format("post_processor: '{}' is not a token and its number", key));
  }
  return as_id((*pair)[1]);
}

Result<Template::Piece> read_special(const Json& special, const Json& tokens) {
  Template::Piece p;
  HONE_ASSIGN(const std::string name, string_of(special, "id"));
  HONE_ASSIGN(const int64_t type, number(special, "type_id", max_id));
  p.type = static_cast<int32_t>(type);
  const Json* token = find_member(tokens, name.c_str());
  const Json* ids = token != nullptr ? find_member(*token, "ids") : nullptr;
  if (ids == nullptr || !ids->is_array() || ids->size() > max_pieces) {
    return corrupt(fmt::format("post_processor: special token '{}' has no ids", name));
  }
  for (const Json& j : *ids) {
    HONE_ASSIGN(const int32_t id, as_id(j));
    p.ids.push_back(id);
  }
  return p;
}

Result<Template::Piece> read_sequence(const Json& sequence) {
  Template::Piece p;
  HONE_ASSIGN(const std::string name, string_of(sequence, "id"));
  HONE_ASSIGN(const int64_t type, number(sequence, "type_id", max_id));
  if (name != "A" && name != "B") return corrupt("post_processor: a text that is neither A nor B");
  p.sequence = name == "A" ? 0 : 1;
  p.type = static_cast<int32_t>(type);
  return p;
}

Result<Template> read_pieces(const Json& processor, const char* key, int texts) {
  const Json* pieces = find_member(processor, key);
  const Json* tokens = find_member(processor, "special_tokens");
  if (pieces == nullptr || !pieces->is_array() || pieces->size() > max_pieces ||
      tokens == nullptr) {
    return corrupt(fmt::format("post_processor: '{}' is not a list of pieces", key));
  }
  Template t;
  int named[2] = {0, 0};
  for (const Json& j : *pieces) {
    const Json* special = find_member(j, "SpecialToken");
    const Json* sequence = find_member(j, "Sequence");
    if (special == nullptr && sequence == nullptr) {
      return corrupt(fmt::format("post_processor: '{}' has a piece of no kind", key));
    }
    Result<Template::Piece> p =
        special ? read_special(*special, *tokens) : read_sequence(*sequence);
    if (!p.ok()) return p.status();
    if (p->sequence >= 0) ++named[p->sequence];
    t.pieces.push_back(std::move(*p));
  }
  if (named[0] != 1 || named[1] != texts - 1) {
    return corrupt(fmt::format("post_processor: '{}' does not name each text once", key));
  }
  return t;
}

Template plain(std::vector<Template::Piece> pieces) {
  Template t;
  t.pieces = std::move(pieces);
  return t;
}

Status read_bert(const Json& processor, bool roberta, Parts* parts) {
  HONE_ASSIGN(const int32_t cls, named_id(processor, "cls"));
  HONE_ASSIGN(const int32_t sep, named_id(processor, "sep"));
  parts->single = plain({{-1, {cls}, 0}, {0, {}, 0}, {-1, {sep}, 0}});
  if (roberta) {  // two separators, and no types
    parts->pair =
        plain({{-1, {cls}, 0}, {0, {}, 0}, {-1, {sep, sep}, 0}, {1, {}, 0}, {-1, {sep}, 0}});
  } else {
    parts->pair = plain({{-1, {cls}, 0}, {0, {}, 0}, {-1, {sep}, 0}, {1, {}, 1}, {-1, {sep}, 1}});
  }
  return ok_status();
}

Status read_one(const Json& processor, Parts* parts) {
  HONE_ASSIGN(const std::string type, string_of(processor, "type"));
  if (type == "ByteLevel") return ok_status();  // it moves offsets, which nobody asks for here
  if (type == "BertProcessing") return read_bert(processor, false, parts);
  if (type == "RobertaProcessing") return read_bert(processor, true, parts);
  if (type != "TemplateProcessing") {
    return unsupported(fmt::format("a post_processor of type {}", type));
  }
  HONE_ASSIGN(parts->single, read_pieces(processor, "single", 1));
  HONE_ASSIGN(parts->pair, read_pieces(processor, "pair", 2));
  return ok_status();
}

bool is_type(const Json& j, std::string_view type) {
  const Json* t = find_member(j, "type");
  return t != nullptr && t->is_string() && t->get_ref<const std::string&>() == type;
}

}  // namespace

Status read_template(const Json* processor, Parts* parts) {
  parts->single = plain({{0, {}, 0}});
  parts->pair = plain({{0, {}, 0}, {1, {}, 1}});
  if (processor == nullptr) return ok_status();
  if (!is_type(*processor, "Sequence")) return read_one(*processor, parts);
  const Json* list = find_member(*processor, "processors");
  if (list == nullptr || !list->is_array()) {
    return corrupt("post_processor: 'processors' is not a list");
  }
  const auto framing = std::count_if(list->begin(), list->end(),
                                     [](const Json& j) { return !is_type(j, "ByteLevel"); });
  if (framing > 1) return unsupported("a post_processor that puts special tokens around twice");
  for (const Json& one : *list) HONE_RETURN_IF_ERROR(read_one(one, parts));
  return ok_status();
}

}  // namespace hone::tasks::text
