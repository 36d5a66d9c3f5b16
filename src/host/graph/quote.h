// Names and strings in the text forms: identifiers bare, everything else in double quotes.
#pragma once

#include <string>
#include <string_view>

namespace hone::graph {

// [A-Za-z_][A-Za-z0-9_.]*
bool is_identifier(std::string_view s);
// "..." with \" \\ \n \t and \xHH for other control characters; bytes from 0x80 stay.
std::string quoted(std::string_view s);
std::string identifier_or_quoted(std::string_view s);
// For messages, which are one line whatever names a file holds: control characters become '?'.
std::string one_line(std::string_view s);
// Reads a quoted string at text[*at] and moves *at behind it; false where there is none.
bool read_quoted(std::string_view text, size_t* at, std::string* out);

}  // namespace hone::graph
