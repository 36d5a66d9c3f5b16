#include "host/graph/dim_formula.h"

namespace hone::graph {

namespace {

constexpr size_t longest = 128;

// False where there is no formula.
bool write(const Dim& d, std::string* out);

// "(h + 1)" where it must hold together, "h" where it does anyway.
bool write_operand(const Dim& d, std::string* out) {
  const bool alone = d.is_const() ? d.value() >= 0 : d.is_symbol();
  if (!alone) *out += '(';
  if (!write(d, out)) return false;
  if (!alone) *out += ')';
  return true;
}

bool write_quotient(const char* name, const Dim& a, const Dim& b, std::string* out) {
  *out += name;
  *out += '(';
  if (!write_operand(a, out)) return false;
  *out += '/';
  if (!write_operand(b, out)) return false;
  *out += ')';
  return true;
}

bool write_call(const char* name, const Dim& a, const Dim& b, std::string* out) {
  *out += name;
  *out += '(';
  if (!write(a, out)) return false;
  *out += ", ";
  if (!write(b, out)) return false;
  *out += ')';
  return true;
}

bool write_atom(const Dim::Atom& atom, std::string* out) {
  if (!atom.symbol.empty()) {
    // Exporters call dimensions "2*s0", too.
    const bool compound = atom.symbol.find_first_of(" +-*/(),") != std::string::npos;
    *out += compound ? '(' + atom.symbol + ')' : atom.symbol;
    return atom.symbol[0] != '?';
  }
  switch (atom.op) {
    case Dim::Op::floor_div: return write_quotient("floor", atom.args[0], atom.args[1], out);
    case Dim::Op::ceil_div: return write_quotient("ceil", atom.args[0], atom.args[1], out);
    case Dim::Op::mod: return write_call("mod", atom.args[0], atom.args[1], out);
    case Dim::Op::min: return write_call("min", atom.args[0], atom.args[1], out);
    case Dim::Op::max: return write_call("max", atom.args[0], atom.args[1], out);
    default: return false;
  }
}

bool write(const Dim& d, std::string* out) {
  if (d.terms().empty()) *out += '0';
  bool first = true;
  for (const Dim::Term& t : d.terms()) {
    if (out->size() > longest) return false;
    const bool negative = t.coefficient < 0;
    *out += first ? (negative ? "-" : "") : (negative ? " - " : " + ");
    first = false;
    const auto u = static_cast<uint64_t>(t.coefficient);
    const std::string number = std::to_string(negative ? 0 - u : u);
    const bool counts = number != "1" || t.factors.empty();
    if (counts) *out += number;
    bool times = counts;
    for (const auto& f : t.factors) {
      if (times) *out += '*';
      times = true;
      if (!write_atom(*f, out)) return false;
    }
  }
  return out->size() <= longest;
}

}  // namespace

std::string formula(const Dim& d) {
  if (d.is_symbol()) return d.symbol_name()[0] == '?' ? "" : d.symbol_name();
  std::string text;
  return write(d, &text) ? text : "";
}

}  // namespace hone::graph
