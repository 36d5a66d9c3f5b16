#include "case_file.h"

#include <fstream>
#include <sstream>

#include "host/graph/text.h"
#include "host/ops/op_def.h"

namespace hone::passes {

namespace {

constexpr const char* title_mark = "== ";
constexpr const char* opset_mark = ", opset ";

Result<Case> titled(const std::string& line) {
  Case c;
  c.title = line.substr(3);
  if (size_t at = c.title.find(opset_mark); at != std::string::npos) {
    c.opset = std::atoi(c.title.c_str() + at + 8);
    if (c.opset == 0) return invalid("no opset in '" + line + "'");
  }
  return c;
}

}  // namespace

Result<std::vector<Case>> read_cases(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Status(Code::not_found, "no file " + path);
  std::vector<Case> cases;
  std::string line, comment;
  bool after = false;
  while (std::getline(file, line)) {
    if (line.empty()) continue;
    if (line[0] == '#') {
      comment += line + "\n";
    } else if (line.starts_with(title_mark)) {
      HONE_ASSIGN(Case c, titled(line));
      c.comment = std::move(comment);
      comment.clear();
      cases.push_back(std::move(c));
      after = false;
    } else if (cases.empty()) {
      return invalid(path + ": the first line is not a title");
    } else if (line == "-- becomes" || line == "-- stays") {
      cases.back().changes = line == "-- becomes";
      after = true;
    } else {
      (after ? cases.back().after : cases.back().before) += line + "\n";
    }
  }
  return cases;
}

Status write_cases(const std::string& path, const std::vector<Case>& cases) {
  std::ofstream file(path);
  for (const Case& c : cases) {
    file << (&c == cases.data() ? "" : "\n") << c.comment << title_mark << c.title << "\n"
         << c.before << (c.changes ? "-- becomes\n" + c.after : "-- stays\n");
  }
  return file.flush() ? Status() : Status(Code::io_error, "cannot write " + path);
}

Result<graph::Graph> graph_of(const Case& c, const std::string& body) {
  std::ostringstream text;
  text << "graph \"\" opset {\"\" " << c.opset << ", \"ai.hone\" 1}\n" << body;
  HONE_ASSIGN(graph::Graph g, graph::parse_text(text.str()));
  HONE_RETURN_IF_ERROR(ops::infer_graph(g));
  HONE_RETURN_IF_ERROR(graph::verify(g));
  return g;
}

std::string body_of(const graph::Graph& graph) {
  std::string text = graph::to_text(graph);
  return text.substr(text.find('\n') + 1);
}

}  // namespace hone::passes
