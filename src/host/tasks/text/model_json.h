// The parts of a tokenizer.json, one function each. Null stands for a part that is not there.
#pragma once

#include <variant>

#include "host/tasks/text/json_members.h"
#include "host/tasks/text/tokenizer.h"

namespace hone::tasks::text {

// Errors of all: corrupt, and unsupported with the name of what is asked for.
Result<std::variant<WordPiece, Bpe>> read_model(const Json& model);
Status read_template(const Json* post_processor, Parts* parts);

}  // namespace hone::tasks::text
