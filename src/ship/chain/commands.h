// The command lines that take a report's figures again.
#pragma once

#include <string>
#include <vector>

#include "ship/chain/chain_work.h"

namespace hone::ship {

// A word as a POSIX shell reads it back: bare where it is harmless, else in single quotes.
std::string shell_word(const std::string& word);

// `hone ship` as it was called, then what measures and judges its engine alone.
std::vector<std::string> replay_commands(const ChainWork& work);

}  // namespace hone::ship
