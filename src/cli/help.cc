#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "common/base/nearest.h"

namespace hone::cli {

namespace {

constexpr const char* program_footer = R"(
hone COMMAND --help tells more. To begin: hone ship examples/fashion/hone.toml

Exit: 0 yes or done, 1 no, 2 error in use or input, 3 inconclusive, 4 the environment's fault
(disk, permissions, instruction set). Results go to stdout, the rest to stderr.
Environment: HONE_FORCE_ISA=portable|avx2|avx512|... uses no more than that instruction set;
NO_COLOR=1 leaves colours out.
)";

constexpr size_t text_column = 28, line_width = 100;

bool is_flag(const CLI::Option& o) { return o.get_items_expected_max() == 0; }

// "-o, --output ENGINE"; options without a short name stand under the long ones.
std::string left_column(const CLI::Option& o) {
  if (o.get_positional()) return o.get_name(true, false);
  std::string names = o.get_snames().empty() ? "    " : "-" + o.get_snames()[0] + ", ";
  if (!o.get_lnames().empty()) names += "--" + o.get_lnames()[0];
  return is_flag(o) ? names : names + " " + o.get_type_name();
}

// How an error calls an option: "-o ENGINE", "--duration SECONDS", "MODEL.onnx".
std::string short_form(const CLI::Option& o) {
  if (o.get_positional()) return o.get_name(true, false);
  std::string name = o.get_snames().empty() ? "--" + o.get_lnames()[0] : "-" + o.get_snames()[0];
  return is_flag(o) ? name : name + " " + o.get_type_name();
}

// Words of `text` in lines that begin at text_column; `left` stands before the first.
std::string two_columns(const std::string& left, const std::string& text) {
  std::string out = "  " + left;
  size_t at = out.size();
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (at + 1 < text_column) {
      out += std::string(text_column - at, ' ');
      at = text_column;
    } else if (at + 1 + word.size() > line_width || out.size() == left.size() + 2) {
      out += "\n" + std::string(text_column, ' ');
      at = text_column;
    } else {
      out += " ";
      ++at;
    }
    out += word;
    at += word.size();
  }
  return out + "\n";
}

std::vector<const CLI::Option*> shown_options(const CLI::App& app, bool positional) {
  return app.get_options([=](const CLI::Option* o) {
    return o->get_positional() == positional && !o->get_group().empty();
  });
}

std::string usage_line(const CLI::App& app) {
  std::string line = "usage: hone " + app.get_name();
  for (const CLI::Option* o : shown_options(app, true)) {
    std::string name = o->get_name(true, false);
    line += o->get_required() ? " " + name : " [" + name + "]";
  }
  for (const CLI::Option* o : shown_options(app, false)) {
    if (o->get_required()) line += " " + short_form(*o);
  }
  return line + " [options]\n";
}

std::string description(const CLI::Option& o) {
  std::string text = o.get_description();
  if (!o.get_default_str().empty()) text += fmt::format(" [default: {}]", o.get_default_str());
  return text;
}

std::string command_help(const CLI::App& app) {
  std::string text = app.get_description() + "\n\n" + usage_line(app);
  auto arguments = shown_options(app, true);
  for (const CLI::Option* o : arguments) {
    text += (o == arguments[0] ? "\n" : "") + two_columns(left_column(*o), description(*o));
  }
  text += "\noptions:\n";
  for (const CLI::Option* o : shown_options(app, false)) {
    text += two_columns(left_column(*o), description(*o));
  }
  return text + "\n" + app.get_footer() + "\n";
}

std::string program_help(const CLI::App& app) {
  std::string text = app.get_description() + "\n\nusage: hone COMMAND [arguments]\n\ncommands:\n";
  for (const CLI::App* c : app.get_subcommands([](const CLI::App*) { return true; })) {
    text += fmt::format("  {:<10} {}\n", c->get_name(), c->get_description());
  }
  return text + program_footer;
}

const CLI::App& chosen_command(const CLI::App& app) {
  auto chosen = app.get_subcommands();
  return chosen.empty() ? app : *chosen[0];
}

std::string see_help(const CLI::App& app, const CLI::App& command) {
  return &app == &command ? "see hone --help" : "see hone " + command.get_name() + " --help";
}

// The nearest word where one is near, else where to look.
Status suggest(const std::string& what, const std::string& word,
               const std::vector<std::string>& known, const std::string& otherwise) {
  std::string near = nearest(word, known);
  return invalid(what + (near.empty() ? "; " + otherwise : "; did you mean '" + near + "'?"));
}

const CLI::Option* option_of(const CLI::App& command, const std::string& text) {
  for (const CLI::Option* o : command.get_options()) {
    std::string name = o->get_name();
    if (!name.empty() && text.compare(0, name.size(), name) == 0 &&
        (text.size() == name.size() || text[name.size()] == ':')) {
      return o;
    }
  }
  return nullptr;
}

}  // namespace

std::string help_text(const CLI::App* app, const std::string&, CLI::AppFormatMode) {
  return app->get_parent() == nullptr ? program_help(*app) : command_help(*app);
}

Status unexpected_words(const CLI::App& app) {
  auto words = app.remaining(true);
  if (words.empty()) return {};
  const CLI::App& command = chosen_command(app);
  // A misspelt option leaves its value behind too: the option is what to name.
  auto option = std::find_if(words.begin(), words.end(),
                             [](const std::string& w) { return w.size() > 1 && w[0] == '-'; });
  if (option != words.end()) {
    std::string word = option->substr(0, option->find('='));
    std::vector<std::string> known;
    for (const CLI::Option* o : command.get_options()) {
      for (const std::string& name : o->get_lnames()) known.push_back("--" + name);
    }
    std::string where = &command == &app ? "hone" : "hone " + command.get_name();
    return suggest(fmt::format("{} has no option '{}'", where, word), word, known,
                   see_help(app, command));
  }
  if (&command != &app) {
    return invalid(fmt::format("hone {} takes no further argument '{}'; {}", command.get_name(),
                               words[0], see_help(app, command)));
  }
  std::vector<std::string> names;
  for (const CLI::App* c : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(c->get_name());
  }
  return suggest(fmt::format("no command '{}'", words[0]), words[0], names, see_help(app, app));
}

Status explain(const CLI::App& app, const CLI::ParseError& error) {
  // `--ouput x` is why `--output` is missing.
  HONE_RETURN_IF_ERROR(unexpected_words(app));
  const CLI::App& command = chosen_command(app);
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    for (const CLI::Option* o : command.get_options()) {
      if (!o->get_required() || o->count() > 0) continue;
      return invalid(fmt::format("hone {} needs {}; {}", command.get_name(), short_form(*o),
                                 see_help(app, command)));
    }
  }
  const CLI::Option* o = option_of(command, error.what());
  if (o != nullptr && dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    bool twice = o->count() > 1;
    return invalid(
        fmt::format("{} {}; {}", o->get_name(),
                    twice ? "is given more than once" : "needs a value: " + short_form(*o),
                    see_help(app, command)));
  }
  return invalid(error.what());
}

}  // namespace hone::cli
