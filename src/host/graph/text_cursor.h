// Reads the text form token by token; errors say line and column.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "host/graph/attributes.h"
#include "host/graph/fact.h"

namespace hone::graph {

class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  // corrupt: "line 3, column 7: ...", at the next token.
  Status fail(std::string_view what);
  bool at_end();
  // Spaces, line ends and // comments stand between any two tokens.
  void skip();
  char peek();
  bool accept(std::string_view punctuation);
  bool accept_word(std::string_view word);  // the whole identifier
  std::string_view identifier();            // empty: none here
  std::string_view number();                // digits, sign, point, exponent; empty: none here
  std::string_view take_while(bool (*belongs)(char));
  Result<std::string> string();             // "..."
  Result<std::string> word();               // identifier or string
  Result<int64_t> integer();
  Result<Dim> dim();                        // up to the ',', ']' or '}' that is not part of it

  size_t position() const { return at_; }
  void rewind(size_t position) { at_ = position; }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// The counterparts of text_values.h.
Result<Fact> parse_fact(TextCursor& cursor);
std::optional<DType> accept_dtype(TextCursor& cursor);
Result<DType> parse_dtype(TextCursor& cursor);
Result<Dims> parse_dims(TextCursor& cursor);
Result<Tensor> parse_tensor_data(TextCursor& cursor, DType dtype, Dims dims);
Result<Attr> parse_attribute(TextCursor& cursor);

}  // namespace hone::graph
