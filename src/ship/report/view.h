// What the sections of the page share.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ship/report/html.h"

namespace hone::ship::report {

// Where a section stands: below h1 on a page of one report, below h2 where there are several.
struct Place {
  int level = 2;
  std::string prefix;  // of ids
};

// <section> with its heading; nothing where the body is empty.
Html section(const Place& place, const char* id, const char* title, const Html& body);

Html paragraph(const char* css, std::string_view text);
Html heading(int level, std::string_view text);

// A figure in a strip (<dl class="tiles">): what it is, itself, and a line beneath.
Html tile(std::string_view name, std::string_view value, std::string_view note);

// "features/0/Conv + features/1/Relu": what it does in bold, where it stands beneath.
Html layer_name(std::string_view name);

// A table that scrolls by itself on a phone. Cells of `numeric` columns are right-aligned; with
// `sortable` the page's script sorts by a column whose heading is pressed.
struct Table {
  struct Cell {
    Html html;
    std::string sort_by;  // else its text
    const char* css = "";
  };
  std::vector<std::string> head;
  std::vector<bool> numeric;
  std::vector<std::vector<Cell>> rows;
  std::string caption;
  bool sortable = false;
  const char* css = "";
};
Html html_of(const Table& t);
Table::Cell cell(std::string_view text, const char* css = "");
Table::Cell cell(Html html, const char* css = "");

// A check of the gate as the report has it.
struct CheckView {
  std::string what, result, text, unit;
  std::optional<double> value, low, high, limit, needed;
  bool failed() const { return result == "fail"; }
  bool undecided() const { return result != "fail" && result != "pass"; }
};
std::vector<CheckView> checks_of(const nlohmann::json& report);

// "pass", "fail", "undecided": class of the colours; with the word's icon.
const char* tone_of(const CheckView& c);
const char* tone_of_verdict(const std::string& word);
Html icon(const char* tone);
// Icon and word in a coloured pill.
Html badge(const char* tone, std::string_view word);

// The limit in ms that the gate holds a percentile ("p95") of bench.latency_ms to.
std::optional<double> latency_limit(const nlohmann::json& report, const std::string& percentile);

}  // namespace hone::ship::report
