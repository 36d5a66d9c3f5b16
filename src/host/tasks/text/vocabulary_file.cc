// vocab.txt: a WordPiece token a line, its number that of the line.
#include <fmt/format.h>

#include "host/tasks/text/characters.h"
#include "host/tasks/text/tokenizer.h"

namespace hone::tasks::text {

namespace {

Template around(std::vector<Template::Piece> pieces) {
  Template t;
  t.pieces = std::move(pieces);
  return t;
}

}  // namespace

Result<Parts> read_vocabulary(std::string_view lines, const VocabularyOptions& options) {
  if (lines.starts_with("\xEF\xBB\xBF"))
    return corrupt("a byte order mark, which no vocab.txt has");
  WordPiece model;
  int32_t id = 0;
  for (size_t at = 0; at < lines.size(); ++id) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    // Of equal lines the last counts.
    model.vocabulary[std::string(trim_end(lines.substr(at, end - at)))] = id;
    at = end + 1;
  }
  Parts p;
  p.largest_id = std::max(id - 1, 0);
  const int32_t cls = find_id(model.vocabulary, "[CLS]"), sep = find_id(model.vocabulary, "[SEP]");
  if (cls < 0 || sep < 0) {
    return corrupt("neither a tokenizer.json nor a vocab.txt: no line is [CLS], or none [SEP]");
  }
  for (const char* special : {"[UNK]", "[SEP]", "[CLS]", "[PAD]", "[MASK]"}) {
    const int32_t its = find_id(model.vocabulary, special);
    if (its >= 0) HONE_RETURN_IF_ERROR(p.raw.add({special, its}));
  }
  const bool lower = options.lower_case;
  p.normalizer = BertNormalizer{true, true, options.strip_accents.value_or(lower), lower};
  p.words = Parts::Words::bert;
  p.padding.id = std::max(find_id(model.vocabulary, "[PAD]"), 0);
  p.single = around({{-1, {cls}, 0}, {0, {}, 0}, {-1, {sep}, 0}});
  p.pair = around({{-1, {cls}, 0}, {0, {}, 0}, {-1, {sep}, 0}, {1, {}, 1}, {-1, {sep}, 1}});
  p.model = std::move(model);
  return p;
}

}  // namespace hone::tasks::text
