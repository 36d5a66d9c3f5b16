#include <fmt/format.h>

#include "ship/gate/output.h"

namespace hone::ship {

namespace {

// A cell of a table: what Markdown or HTML would read as more than text is escaped.
std::string cell(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_' || c == '[' || c == ']') {
        out += '\\';
      }
      out += c;
    }
  }
  return out;
}

std::string figure(double v) { return fmt::format("{:.4g}", v); }

}  // namespace

std::string measured_cell(const Check& c) {
  if (!c.value) return "-";
  std::string text = figure(*c.value) + " " + c.unit;
  if (c.low || c.high) {
    text += fmt::format(" [{}, {}]", c.low ? figure(*c.low) : "?", c.high ? figure(*c.high) : "?");
  }
  return text;
}

std::string limit_cell(const Check& c) {
  return c.limit ? fmt::format("{:g} {}", *c.limit, c.unit) : "-";
}

Verdict verdict_of(const std::vector<Judged>& all) {
  Verdict worst = Verdict::ship;
  for (const Judged& j : all) {
    const bool worse = j.result.verdict == Verdict::no_ship || worst == Verdict::ship;
    if (worse) worst = j.result.verdict;
  }
  return worst;
}

std::string markdown(const std::vector<Judged>& all) {
  std::string text;
  for (const Judged& j : all) {
    const GateResult& r = j.result;
    text +=
        fmt::format("### {}: {} for {}\n\n| check | measured | limit | |\n|---|---:|---:|---|\n",
                    verdict_word(r.verdict), cell(j.model), cell(j.target));
    for (const Check& c : r.checks) {
      const std::string word = result_word(c.verdict);
      text += fmt::format("| {} | {} | {} | {} |\n", cell(c.what), cell(measured_cell(c)),
                          cell(limit_cell(c)), c.verdict == Verdict::no_ship ? "**FAIL**" : word);
    }
    if (!r.reasons.empty()) text += "\n";
    for (const std::string& reason : r.reasons) text += "- " + cell(reason) + "\n";
    text += "\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace hone::ship
