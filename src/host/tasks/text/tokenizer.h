// Text to the numbers a language model takes: WordPiece and byte-level BPE, as Hugging Face's
// `tokenizers` gives them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/status.h"
#include "host/tasks/text/added_tokens.h"
#include "host/tasks/text/models.h"
#include "host/tasks/text/normalizer.h"
#include "host/tasks/text/template.h"
#include "host/tasks/text/words.h"

namespace hone::tasks::text {

struct VocabularyOptions {
  bool lower_case = true;
  std::optional<bool> strip_accents;  // none: as lower_case
};

struct EncodeOptions {
  int64_t max_length = 0;  // special tokens included; 0: what the tokenizer's file says
  bool pad = false;        // to max_length
};
constexpr int64_t max_encoding_length = 1 << 20;

// What a tokenizer is made of, in the order it is applied.
struct Parts {
  AddedTokens raw;  // found in the text as it came
  std::optional<BertNormalizer> normalizer;
  AddedTokens normalized;  // found in the normalised text
  enum class Words { whole, bert, byte_level } words = Words::whole;
  ByteLevel byte_level;
  std::variant<WordPiece, Bpe> model;
  Template single, pair;
  Truncation truncation;
  Padding padding;
  int32_t largest_id = 0;
};

class Tokenizer {
 public:
  // A vocab.txt (one WordPiece token a line; BERT's preprocessing by `options`) or a
  // tokenizer.json, which says all of it itself; told apart by how the file begins. Errors:
  // not_found, io_error, corrupt (neither of them, not UTF-8), unsupported (names what it asks for:
  // a normalizer, a model, a processor that Hone lacks).
  static Result<Tokenizer> load(const std::string& path, const VocabularyOptions& options = {});
  // `what` names the source in errors.
  static Result<Tokenizer> parse(std::string_view bytes, const std::string& what,
                                 const VocabularyOptions& options = {});

  // Errors: invalid_argument (not UTF-8; a length that special tokens alone exceed or above
  // max_encoding_length), not_found (an unknown token is wanted, and the vocabulary has none).
  Result<Encoding> encode(std::string_view text, const EncodeOptions& options = {}) const;
  // Two texts as one input.
  Result<Encoding> encode_pair(std::string_view first, std::string_view second,
                               const EncodeOptions& options = {}) const;

  int32_t largest_id() const { return parts_.largest_id; }  // of those an encoding can hold

 private:
  explicit Tokenizer(Parts parts) : parts_(std::move(parts)) {}

  Result<std::vector<int32_t>> ids_of(std::string_view text) const;
  Status append_words(std::string_view text, std::vector<int32_t>* ids) const;
  Result<Encoding> finish(std::vector<std::vector<int32_t>> sequences, const Template& t,
                          const EncodeOptions& options) const;

  Parts parts_;
};

// The two kinds of file.
Result<Parts> read_tokenizer_json(std::string_view json);
Result<Parts> read_vocabulary(std::string_view lines, const VocabularyOptions& options);

}  // namespace hone::tasks::text
