// What hone parity prints.
#pragma once

#include "cli/printer.h"
#include "ship/parity/compare_sides.h"

namespace hone::cli {

// One line for each output and, where floats differ, how many values differ by how much.
void print_parity(const ship::ParityReport& report, Printer* printer);

}  // namespace hone::cli
