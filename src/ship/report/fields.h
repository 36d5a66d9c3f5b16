// Reading fields of a report that may be older, incomplete or edited: nothing here throws, what is
// of another type counts as absent.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace hone::ship::report {

// The value below `path`, or null where a step is missing.
const nlohmann::json& at(const nlohmann::json& j, std::initializer_list<const char*> path);

// A number a chart can hold: finite, and below 1e15 (with 1e308 an axis would overflow); tiny ones
// are 0.
std::optional<double> number(const nlohmann::json& v);
std::optional<double> number(const nlohmann::json& j, std::initializer_list<const char*> path);

// "" where there is no text. At most `most` bytes of it, cut at a character.
std::string text(const nlohmann::json& v, size_t most = 4000);
std::string text(const nlohmann::json& j, std::initializer_list<const char*> path);

// Text, a number or a truth value as text: for blocks of key and value.
std::string anything(const nlohmann::json& v);

// Elements of an array, at most `most` of them; nothing where it is none.
std::vector<const nlohmann::json*> items(const nlohmann::json& v, size_t most = 5000);

}  // namespace hone::ship::report
