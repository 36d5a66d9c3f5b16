#include "ship/chain/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace hone::ship {

std::string shell_word(const std::string& word) {
  auto harmless = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_-./=:,+@%").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), harmless)) return word;
  std::string s = "'";
  for (char c : word) s += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return s + "'";
}

std::vector<std::string> replay_commands(const ChainWork& w) {
  const std::string engine = shell_word(w.engine_path());
  const std::string project = shell_word(w.options.project_path);
  const std::string out = shell_word(w.options.out_folder);
  return {
      fmt::format("hone ship {} -o {} --bench-seconds {:g}", project, out, w.options.bench_seconds),
      fmt::format("hone bench {} --threads {} --duration {:g}", engine, w.target.threads,
                  w.options.bench_seconds),
      fmt::format("hone gate {} -o {}", project, out)};
}

}  // namespace hone::ship
