// Dimensions as text.
//   sum     = ["-"] product { ("+" | "-") product }
//   product = factor { "*" factor }
//   factor  = number | symbol | "quoted symbol" | operation "(" sum { "," sum } ")" | "(" sum ")"
#include <limits>

#include "host/graph/dim_internal.h"
#include "host/graph/quote.h"

namespace hone::graph {
namespace {

std::string magnitude(int64_t v) {
  const auto u = static_cast<uint64_t>(v);
  return std::to_string(v < 0 ? 0 - u : u);
}

std::string to_string(const Dim::Atom& atom) {
  if (!atom.symbol.empty()) return identifier_or_quoted(atom.symbol);
  std::string s = detail::name(atom.op);
  const char* before = "(";
  for (const Dim& arg : atom.args) {
    s += before + to_string(arg);
    before = ", ";
  }
  return s + ")";
}

std::string to_string(const Dim::Term& term) {
  const bool one = term.coefficient == 1 || term.coefficient == -1;
  std::string s = one && !term.factors.empty() ? "" : magnitude(term.coefficient);
  for (const auto& f : term.factors) {
    if (!s.empty()) s += "*";
    s += to_string(*f);
  }
  return s;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Dim> run() {
    auto d = sum(0);
    if (!d.ok()) return d;
    skip_spaces();
    if (at_ != text_.size()) return fail("unexpected text");
    return d;
  }

 private:
  // More than what canonical forms nest, little enough for any stack.
  static constexpr int max_nesting = 4 * detail::max_depth;

  Status fail(std::string_view what) const {
    return corrupt("dimension '" + std::string(text_) + "': " + std::string(what) + " at column " +
                   std::to_string(at_ + 1));
  }
  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool accept(char c) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<Dim> sum(int nesting) {
    if (nesting > max_nesting) return fail("nested too deeply");
    Dim total = 0;
    bool negative = accept('-');
    do {
      HONE_ASSIGN(Dim p, product(nesting, negative));
      total = total + p;
      negative = accept('-');
    } while (negative || accept('+'));
    return total;
  }

  Result<Dim> product(int nesting, bool negative) {
    // The sign belongs to the number: 9223372036854775808 has only a negative.
    skip_spaces();
    Dim p = negative ? -1 : 1;
    if (at_ < text_.size() && is_digit(text_[at_])) {
      HONE_ASSIGN(p, number(negative));
    } else {
      HONE_ASSIGN(const Dim f, factor(nesting));
      p = p * f;
    }
    while (accept('*')) {
      HONE_ASSIGN(const Dim f, factor(nesting));
      p = p * f;
    }
    return p;
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  Result<Dim> number(bool negative) {
    uint64_t v = 0;
    const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      const auto digit = static_cast<uint64_t>(text_[at_] - '0');
      if (v > (limit - digit) / 10) return fail("number too large");
      v = v * 10 + digit;
    }
    return Dim(static_cast<int64_t>(negative ? 0 - v : v));
  }

  Result<Dim> factor(int nesting) {
    skip_spaces();
    if (at_ >= text_.size()) return fail("something missing");
    if (is_digit(text_[at_])) return number(false);
    if (accept('(')) {
      HONE_ASSIGN(Dim inner, sum(nesting + 1));
      if (!accept(')')) return fail("')' missing");
      return inner;
    }
    if (text_[at_] == '"') {
      std::string s;
      if (!read_quoted(text_, &at_, &s) || s.empty()) return fail("bad quoted name");
      return Dim::symbol(std::move(s));
    }
    size_t end = at_;
    while (end < text_.size() && is_identifier(text_.substr(at_, end + 1 - at_))) ++end;
    if (end == at_) return fail("unexpected character");
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    if (at_ < text_.size() && text_[at_] == '(') return operation(word, nesting);
    return Dim::symbol(std::string(word));
  }

  Result<Dim> operation(std::string_view word, int nesting) {
    for (int i = 0; i <= static_cast<int>(Dim::Op::select); ++i) {
      const auto op = static_cast<Dim::Op>(i);
      if (word != detail::name(op)) continue;
      std::vector<Dim> args;
      for (int k = 0; k < detail::arity(op); ++k) {
        if (!accept(k == 0 ? '(' : ',')) return fail("argument missing");
        HONE_ASSIGN(Dim arg, sum(nesting + 1));
        args.push_back(std::move(arg));
      }
      if (!accept(')')) return fail("')' missing");
      return Dim::apply(op, std::move(args));
    }
    return fail("'" + std::string(word) + "' is no operation");
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::string to_string(const Dim& d) {
  if (d.terms().empty()) return "0";
  std::string s;
  for (const Dim::Term& t : d.terms()) {
    if (s.empty()) {
      s = t.coefficient < 0 ? "-" : "";
    } else {
      s += t.coefficient < 0 ? " - " : " + ";
    }
    s += to_string(t);
  }
  return s;
}

Result<Dim> Dim::parse(std::string_view text) { return Parser(text).run(); }

std::string to_string(const SymShape& shape) {
  std::string s = "[";
  for (const Dim& d : shape) {
    if (s.size() > 1) s += ",";
    s += to_string(d);
  }
  return s + "]";
}

}  // namespace hone::graph
