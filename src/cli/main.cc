// hone: takes a trained model to an edge device. One command per file in commands/.

#include <csignal>
#include <exception>
#include <sstream>

#include "cli/command.h"
#include "cli/help.h"
#include "common/base/version.h"

namespace {

using hone::cli::Session;

void describe(CLI::App* app, Session* session) {
  app->set_help_flag("-h,--help", "Print this help");
  app->set_version_flag("--version", std::string("hone ") + hone::version);
  app->formatter_fn(hone::cli::help_text);
  app->require_subcommand(0, 1);
#define HONE_COMMAND(name) hone::cli::add_##name(*app, *session);
#include "cli/commands.inc"
#undef HONE_COMMAND
  // Words nobody takes are collected, so that their error is ours.
  app->allow_extras();
  for (CLI::App* c : app->get_subcommands([](const CLI::App*) { return true; })) c->allow_extras();
}

int run(int argc, char** argv) {
  Session session;
  CLI::App app("Takes a trained model to an edge device: checks, compiles, measures, gates it.",
               "hone");
  try {
    describe(&app, &session);
    app.parse(argc, argv);
    if (hone::Status s = hone::cli::unexpected_words(app); !s.ok()) return session.finish(s);
    if (session.body) return session.finish(session.body());
  } catch (const CLI::Success& e) {  // --help, --version
    std::ostringstream text;
    app.exit(e, text);
    session.printer.out_raw(text.str());
    return session.finish({});
  } catch (const CLI::ParseError& e) {
    return session.finish(hone::cli::explain(app, e));
  } catch (const std::bad_alloc&) {
    return session.finish(hone::error(hone::Code::out_of_memory, "out of memory"));
  } catch (const std::exception& e) {
    return session.finish(hone::internal(std::string("a bug in hone: ") + e.what()));
  }
  session.exit = hone::cli::usage;
  session.printer.out_raw(app.help());
  return session.finish({});
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // `hone ... | head` ends quietly
  std::signal(SIGXFSZ, SIG_IGN);  // a file over `ulimit -f` is an error to report, not our end
  return run(argc, argv);
}
