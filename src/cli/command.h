// A command is one file commands/<name>.cc with a function add_<name> that describes its options to
// CLI11 and sets what runs, and one line in commands.inc.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "cli/checks.h"
#include "cli/json_option.h"
#include "cli/model_args.h"
#include "cli/printer.h"

namespace hone::cli {

#define HONE_COMMAND(name) void add_##name(CLI::App& app, Session& session);
#include "cli/commands.inc"
#undef HONE_COMMAND

// Makes `body` what main runs after parsing; a Status that is an error is printed and becomes the
// exit status. `body` may set session.exit itself and return ok.
template <class Options>
void on_run(CLI::App* command, Session& session, std::shared_ptr<Options> options,
            Status (*body)(const Options&, Session&)) {
  command->callback([&session, options, body] {
    session.body = [&session, options, body]() -> Status {
      HONE_RETURN_IF_ERROR(check_forced_isa());
      HONE_RETURN_IF_ERROR(load_plugins(session.plugins));
      return body(*options, session);
    };
  });
}

}  // namespace hone::cli
