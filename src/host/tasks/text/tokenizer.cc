#include "host/tasks/text/tokenizer.h"

#include <fmt/format.h>

#include "host/graph/quote.h"
#include "host/model/files.h"
#include "host/tasks/text/characters.h"

namespace hone::tasks::text {

namespace {

constexpr int64_t max_file = int64_t{64} << 20;

std::vector<std::string> words_of(const Parts& p, std::string_view text) {
  switch (p.words) {
    case Parts::Words::bert: return bert_words(text);
    case Parts::Words::byte_level: return p.byte_level(text);
    case Parts::Words::whole: break;
  }
  return {std::string(text)};
}

}  // namespace

Result<Tokenizer> Tokenizer::load(const std::string& path, const VocabularyOptions& options) {
  HONE_ASSIGN(std::string bytes, read_text(path, max_file));
  return parse(bytes, path, options);
}

Result<Tokenizer> Tokenizer::parse(std::string_view bytes, const std::string& what,
                                   const VocabularyOptions& options) {
  if (const size_t at = find_malformed(bytes); at != std::string_view::npos) {
    return corrupt(fmt::format("{}: not UTF-8 at byte {}", what, at));
  }
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && bytes[first] == '{';
  Result<Parts> parts = json ? read_tokenizer_json(bytes) : read_vocabulary(bytes, options);
  if (!parts.ok()) {
    // Tokens, which messages name, may hold line ends.
    return in(what, Status(parts.code(), graph::one_line(parts.status().text())));
  }
  return Tokenizer(std::move(*parts));
}

Status Tokenizer::append_words(std::string_view text, std::vector<int32_t>* ids) const {
  for (const std::string& word : words_of(parts_, text)) {
    HONE_RETURN_IF_ERROR(
        std::visit([&](const auto& m) { return m.append(word, ids); }, parts_.model));
  }
  return ok_status();
}

Result<std::vector<int32_t>> Tokenizer::ids_of(std::string_view text) const {
  if (const size_t at = find_malformed(text); at != std::string_view::npos) {
    return invalid(fmt::format("text is not UTF-8 at byte {}", at));
  }
  std::vector<int32_t> ids;
  for (const AddedTokens::Piece& raw : parts_.raw.split(text)) {
    if (raw.id >= 0) {
      ids.push_back(raw.id);
      continue;
    }
    const std::string normal =
        parts_.normalizer ? (*parts_.normalizer)(raw.text) : std::string(raw.text);
    for (const AddedTokens::Piece& piece : parts_.normalized.split(normal)) {
      if (piece.id >= 0) {
        ids.push_back(piece.id);
      } else {
        HONE_RETURN_IF_ERROR(append_words(piece.text, &ids));
      }
    }
  }
  return ids;
}

Result<Encoding> Tokenizer::finish(std::vector<std::vector<int32_t>> sequences, const Template& t,
                                   const EncodeOptions& options) const {
  if (options.max_length < 0 || options.max_length > max_encoding_length) {
    return invalid(fmt::format("a length of {}, where 0 to {} are possible", options.max_length,
                               max_encoding_length));
  }
  Truncation truncation = parts_.truncation;
  if (options.max_length > 0) truncation.max_length = options.max_length;
  HONE_RETURN_IF_ERROR(truncation.apply(&sequences, t.special_count()));
  Encoding e = t.apply(sequences);
  Padding padding = parts_.padding;
  if (options.max_length > 0) {
    padding.length = options.pad ? options.max_length : 0;
    padding.multiple = 1;
  }
  padding.apply(&e);
  return e;
}

Result<Encoding> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  HONE_ASSIGN(std::vector<int32_t> ids, ids_of(text));
  std::vector<std::vector<int32_t>> sequences;
  sequences.push_back(std::move(ids));
  return finish(std::move(sequences), parts_.single, options);
}

Result<Encoding> Tokenizer::encode_pair(std::string_view first, std::string_view second,
                                        const EncodeOptions& options) const {
  HONE_ASSIGN(std::vector<int32_t> a, ids_of(first));
  HONE_ASSIGN(std::vector<int32_t> b, ids_of(second));
  std::vector<std::vector<int32_t>> sequences;
  sequences.push_back(std::move(a));
  sequences.push_back(std::move(b));
  return finish(std::move(sequences), parts_.pair, options);
}

}  // namespace hone::tasks::text
