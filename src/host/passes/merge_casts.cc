// merge_casts: of two Casts in a row the first one goes where its type holds every value of the
// type before.

#include "host/passes/match.h"

namespace hone::passes {

namespace {

// What a type holds exactly: integers of so many bits, and for floating types how far they reach.
struct Extent {
  enum class Kind { boolean, whole, floating } kind;
  int bits;       // of magnitude: without the sign; of a floating type its significand
  bool negative;  // whether negative values are held
  int exponent = 0;
};

std::optional<Extent> extent_of(DType t) {
  using Kind = Extent::Kind;
  switch (t) {
    case DType::boolean: return Extent{Kind::boolean, 1, false};
    case DType::u8: return Extent{Kind::whole, 8, false};
    case DType::u16: return Extent{Kind::whole, 16, false};
    case DType::u32: return Extent{Kind::whole, 32, false};
    case DType::u64: return Extent{Kind::whole, 64, false};
    case DType::i8: return Extent{Kind::whole, 7, true};
    case DType::i16: return Extent{Kind::whole, 15, true};
    case DType::i32: return Extent{Kind::whole, 31, true};
    case DType::i64: return Extent{Kind::whole, 63, true};
    case DType::bf16: return Extent{Kind::floating, 8, true, 8};
    case DType::f16: return Extent{Kind::floating, 11, true, 5};
    case DType::f32: return Extent{Kind::floating, 24, true, 8};
    case DType::f64: return Extent{Kind::floating, 53, true, 11};
    default: return std::nullopt;
  }
}

// Every value of `from` is one of `to`. bool in between is none for anything but itself.
bool holds(DType to, DType from) {
  if (to == from) return true;
  auto a = extent_of(from), b = extent_of(to);
  using Kind = Extent::Kind;
  if (!a || !b || b->kind == Kind::boolean) return false;
  if (a->kind == Kind::floating && b->kind != Kind::floating) return false;
  return b->bits >= a->bits && (b->negative || !a->negative) && b->exponent >= a->exponent;
}

// Whether the last cast gives the same for a value of type `a` as for that value as `b`. What a
// cast makes of values that its type cannot hold depends on whether they come as integers.
bool agree(DType a, DType b, DType last) {
  const bool both_whole = !is_float(a) && !is_float(b), both_floating = is_float(a) && is_float(b);
  return both_whole || both_floating || is_float(last) || last == DType::boolean || holds(last, a);
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const Node* before = n.is("Cast") ? g.producer_of(n.input(0)) : nullptr;
  if (before == nullptr || !before->is("Cast")) return std::nullopt;
  const ValueId x = before->input(0);
  const DType from = g.fact(x).dtype, between = g.fact(n.input(0)).dtype,
              last = g.fact(n.output(0)).dtype;
  if (!extent_of(last) || !holds(between, from) || !agree(from, between, last)) {
    return std::nullopt;
  }
  Patch p(g, id);
  Node made = n;
  made.origin.clear();
  made.inputs = {x};
  const NodeId first = g.value(n.input(0)).producer;
  p.replace(n.output(0), p.add(std::move(made), {first, id}));
  p.remove(id);
  p.set_why(label(*before) + " + " + label(n));
  return p;
}

}  // namespace

extern const Pass merge_casts;
const Pass merge_casts{"merge_casts", "merge casts in a row", Stage::standard, true, propose,
                       nullptr};

}  // namespace hone::passes
