// A command is one file commands/<name>.cc with a function add_<name> that describes its options to
// CLI11 and sets what runs, and one line in commands.inc.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "cli/printer.h"

namespace hone::cli {

#define HONE_COMMAND(name) void add_##name(CLI::App& app, Session& session);
#include "cli/commands.inc"
#undef HONE_COMMAND

// Runs `body` after parsing; a Status that is an error is printed and becomes the exit status.
// `body` may set session.exit itself and return ok.
template <class Options>
void on_run(CLI::App* command, Session& session, std::shared_ptr<Options> options,
            Status (*body)(const Options&, Session&)) {
  command->callback([&session, options, body] {
    Status s = body(*options, session);
    session.printer.end_progress();
    if (!s.ok()) session.exit = session.printer.fail(s);
  });
}

}  // namespace hone::cli
