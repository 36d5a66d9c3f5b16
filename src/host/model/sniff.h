// What a file is that turned out not to be what was asked for.
#pragma once

#include <string>

#include "common/base/cursor.h"

namespace hone::model {

// "a JPEG picture", "text", "an HTML page"; empty where the bytes say nothing.
std::string describe_content(Bytes bytes);

}  // namespace hone::model
