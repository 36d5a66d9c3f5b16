#include <fmt/format.h>

#include "host/graph/quote.h"
#include "host/graph/text.h"
#include "host/graph/text_values.h"

namespace hone::graph {
namespace {

class Printer {
 public:
  Printer(const Graph& g, const TextOptions& options) : g_(g), options_(options) {}

  std::string run() {
    header();
    for (ValueId v : g_.block(0).inputs) line("in ", defined(v));
    for (ValueId v : g_.used_constants()) {
      const Tensor& t = g_.value(v).constant;
      line("const ", fmt::format("{} {}{}{} = {}", reference(v), name(t.dtype()),
                                 hone::to_string(t.dims()), layout(v),
                                 tensor_data(t, options_.weights)));
    }
    for (NodeId n : g_.block(0).nodes) node(n);
    const auto& outputs = g_.block(0).outputs;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const std::string as = i < g_.output_names.size() ? g_.output_names[i] : "";
      line("out ", reference(outputs[i]) + " as " + quoted(as));
    }
    return std::move(out_);
  }

 private:
  void line(std::string_view keyword, std::string_view rest) {
    out_.append(indent_ * 2, ' ');
    (out_ += keyword) += rest;
    out_ += '\n';
  }

  void header() {
    std::string opsets;
    for (const auto& [domain, version] : g_.opsets) {
      opsets += fmt::format("{}{} {}", opsets.empty() ? "" : ", ", quoted(domain), version);
    }
    line("graph ", fmt::format("{} opset {{{}}}", quoted(g_.name), opsets));
    if (!g_.producer.empty()) line("producer ", quoted(g_.producer));
    for (const auto& [key, value] : g_.metadata) line("meta ", quoted(key) + " " + quoted(value));
  }

  std::string reference(ValueId v) const {
    if (v == none) return "_";
    const std::string& s = g_.value(v).name;
    for (char c : s) {
      const bool bare = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/';
      if (!bare) return "%" + quoted(s);
    }
    return s.empty() ? "%\"\"" : "%" + s;
  }
  std::string layout(ValueId v) const {
    return g_.value(v).layout == Layout::channels_last ? " @channels_last" : "";
  }
  // A value where it is defined: name, fact, layout.
  std::string defined(ValueId v) const {
    if (v == none) return "_";
    const Fact& f = g_.fact(v);
    const bool unknown = f.kind == Fact::Kind::tensor && f.dtype == DType::none && !f.shape;
    std::string s = reference(v);
    if (options_.facts && !unknown) s += " " + to_string(f);
    return s + layout(v);
  }

  std::string op(const Node& n) const {
    const auto& [domain, version] = std::pair(n.domain, n.version);
    std::string s = domain.empty() ? "" : identifier_or_quoted(domain) + "::";
    s += identifier_or_quoted(n.op);
    const int64_t usual = domain == hone_domain ? 1 : g_.opset(domain);
    return version == usual ? s : s + ":" + std::to_string(version);
  }

  void node(NodeId id) {
    const Node& n = g_.node(id);
    std::string s, list;
    for (ValueId v : n.outputs) s += (s.empty() ? "" : ", ") + defined(v);
    for (ValueId v : n.inputs) list += (list.empty() ? "" : ", ") + reference(v);
    s += fmt::format("{}= {}({})", s.empty() ? "" : " ", op(n), list);
    if (n.attributes.size() > 0) {
      const char* before = " {";
      for (const auto& [key, value] : n.attributes) {
        s += before + identifier_or_quoted(key) + "=" + to_string(value, options_.weights);
        before = ", ";
      }
      s += "}";
    }
    if (!n.name.empty()) s += " " + quoted(n.name);
    if (n.origin != std::vector<std::string>{n.name}) {
      const char* before = " from [";
      for (const std::string& o : n.origin) {
        s += before + quoted(o);
        before = ", ";
      }
      s += "]";
    }
    line("", s);
    for (BlockId b : n.blocks) block(b);
  }

  void block(BlockId id) {
    const Block& b = g_.block(id);
    ++indent_;
    const std::string why = b.poisoned.empty() ? "" : " poisoned " + quoted(b.poisoned);
    line(identifier_or_quoted(b.name), ":" + why + " {");
    ++indent_;
    for (ValueId v : b.inputs) line("in ", defined(v));
    for (NodeId n : b.nodes) node(n);
    for (ValueId v : b.outputs) line("out ", reference(v));
    --indent_;
    line("", "}");
    --indent_;
  }

  const Graph& g_;
  const TextOptions& options_;
  size_t indent_ = 0;
  std::string out_;
};

}  // namespace

std::string to_text(const Graph& graph, const TextOptions& options) {
  return Printer(graph, options).run();
}

}  // namespace hone::graph
