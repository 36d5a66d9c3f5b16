// Hone's version: of the program, the library and what engines name as their producer.
#pragma once

namespace hone {
constexpr const char* version = "0.1.0";
}  // namespace hone
