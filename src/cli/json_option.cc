#include "cli/json_option.h"

#include <nlohmann/json.hpp>

#include "host/model/files.h"
#include "host/model/json_text.h"

namespace hone::cli {

void add_json_option(CLI::App* command, std::string* where) {
  command
      ->add_option("--json", *where,
                   "Write the result as JSON to FILE; - prints nothing but JSON on stdout")
      ->type_name("FILE");
}

Result<bool> give_json(Session& session, const std::string& where, const nlohmann::json& j) {
  if (where.empty()) return true;
  std::string text = json_text(j, 1) + "\n";
  if (where != "-") {
    HONE_RETURN_IF_ERROR(write_text(where, text));
    return true;
  }
  session.printer.end_progress();
  session.printer.out_raw(text);
  return false;
}

}  // namespace hone::cli
