// What the value of an option may be, with errors that say so.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace hone::cli {

// "'x' is not a whole number from 1 to 256"
CLI::Validator whole(int64_t least, int64_t most);
// Not NaN, not infinite. "'x' is not a number from 0 to 86400"
CLI::Validator number(double least, double most);
// "64MiB" becomes the number of bytes; whole numbers of B, kB, MB, GB, KiB, MiB, GiB. "'64XB' is
// not a size like 512KiB, 64MiB or 1GiB"
CLI::Validator size_in_bytes();
// "'nyp' is not one of npy, pb; did you mean 'npy'?"
CLI::Validator one_of(std::vector<std::string> words);

}  // namespace hone::cli
