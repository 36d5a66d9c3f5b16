// hone: takes a trained model to an edge device. One command per file in commands/.

#include <csignal>
#include <exception>

#include "cli/command.h"
#include "common/base/nearest.h"
#include "common/base/version.h"

namespace {

std::string unknown_command(const std::string& word) {
  std::vector<std::string> names;
#define HONE_COMMAND(name) names.push_back(#name);
#include "cli/commands.inc"
#undef HONE_COMMAND
  std::string text = "no command '" + word + "'";
  std::string near = hone::nearest(word, names);
  return near.empty() ? text + "; see hone --help" : text + "; did you mean '" + near + "'?";
}

int run(int argc, char** argv) {
  hone::cli::Session session;
  CLI::App app("Takes a trained model to an edge device: checks, compiles, measures, gates it.",
               "hone");
  app.set_version_flag("--version", std::string("hone ") + hone::version);
  app.require_subcommand(0, 1);
  app.allow_extras(argc > 1 && argv[1][0] != '-');  // so that a misspelt command gets our message
#define HONE_COMMAND(name) hone::cli::add_##name(app, session);
#include "cli/commands.inc"
#undef HONE_COMMAND
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return session.printer.fail(hone::invalid(e.what()));
  } catch (const std::bad_alloc&) {
    return session.printer.fail(hone::error(hone::Code::out_of_memory, "out of memory"));
  } catch (const std::exception& e) {
    return session.printer.fail(hone::internal(std::string("a bug in hone: ") + e.what()));
  }
  if (!app.get_subcommands().empty()) return session.exit;
  if (argc > 1) return session.printer.fail(hone::invalid(unknown_command(argv[1])));
  session.printer.out_raw(app.help());
  return hone::cli::usage;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // `hone ... | head` ends quietly
  return run(argc, argv);
}
