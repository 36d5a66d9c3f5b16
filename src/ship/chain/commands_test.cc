#include "ship/chain/commands.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace hone::ship {
namespace {

TEST(Commands, WordsComeBackFromAShellAsTheyWere) {
  for (const std::string word :
       {"plain", "a b", "", "it's", "$HOME `x` \"q\"", "new\nline", "a;b"}) {
    FILE* shell = popen(("printf %s " + shell_word(word)).c_str(), "r");
    ASSERT_NE(shell, nullptr);
    std::string back;
    for (int c; (c = std::fgetc(shell)) != EOF;) back += static_cast<char>(c);
    pclose(shell);
    EXPECT_EQ(back, word);
  }
}

TEST(Commands, AreOfThisShip) {
  ModelSpec model;
  model.name = "m";
  TargetSpec target;
  target.name = "pi";
  target.threads = 2;
  ChainOptions options;
  options.project_path = "my project/hone.toml";
  options.out_folder = "out";
  options.bench_seconds = 3;
  EXPECT_EQ(replay_commands(ChainWork(model, target, options)),
            (std::vector<std::string>{"hone ship 'my project/hone.toml' -o out --bench-seconds 3",
                                      "hone bench out/m.pi.engine --threads 2 --duration 3",
                                      "hone gate 'my project/hone.toml' -o out"}));
}

}  // namespace
}  // namespace hone::ship
