// count_loop: a Loop that ends when a counter of its own reaches a limit is told how often it runs.
// tf2onnx writes `for i in range(n)` as a loop without a count and a condition that the body
// computes; with the count, sizes of what it collects are known and an engine can hold it.

#include <algorithm>
#include <cmath>

#include "host/passes/loops.h"
#include "host/passes/match.h"

namespace hone::passes {

namespace {

// Counts that every type a condition compares them in, f32 too, holds exactly.
constexpr int64_t most = int64_t{1} << 24;

// Iteration k (from 0 on) brings base + k.
struct Counter {
  int64_t base;
};

// `value` <= `plus` + limit, with a limit from outside the loop: the condition as it is behind an
// iteration, to go on.
struct Limit {
  ValueId value;  // none: the limit is `plus`
  int64_t plus;
};

// What conversions from one type of number into another make of `v`.
ValueId without_casts(const Graph& g, ValueId v) {
  const Node* n = g.producer_of(v);
  while (n != nullptr && (n->is("Cast") || n->is("Identity"))) {
    v = n->input(0);
    n = g.producer_of(v);
  }
  return v;
}

bool is_whole(const Graph& g, ValueId v) {
  const DType t = g.fact(v).dtype;
  return t == DType::i32 || t == DType::i64;
}

std::optional<int64_t> whole_number(const Graph& g, ValueId v) {
  const auto x = v == graph::none ? std::nullopt : scalar(g, v);
  if (!x || *x != std::floor(*x) || std::abs(*x) >= static_cast<double>(most)) return std::nullopt;
  return static_cast<int64_t>(*x);
}

class Counted {
 public:
  Counted(const Graph& g, const Loop& loop) : g_(g), loop_(loop) {}

  std::optional<Patch> patch() const {
    const Node& n = g_.node(loop_.node);
    const ValueId next = g_.block(loop_.body).outputs[0];
    // Who else reads it would see it end the loop.
    const auto given = most_trips();
    if (!given || g_.constant(next) != nullptr || !only_ends(next)) return std::nullopt;
    auto limit = goes_on(next);
    if (!limit || !begins(*limit)) return std::nullopt;
    if (limit->value == graph::none) {
      limit->plus = std::min(limit->plus, *given - 1);
    } else if (*given < most) {
      return std::nullopt;
    }
    Patch p(g_, loop_.node);
    p.set_why(label(n) + " counts");
    p.set_input(loop_.node, 0, count(*limit, &p));
    p.set_input(loop_.node, 1, graph::none);
    Tensor yes(DType::boolean, {});
    yes.set(0, 1);
    p.replace(next, p.constant(std::move(yes), n.name + "_always"));
    return p;
  }

 private:
  // What the node itself says, where that is known.
  std::optional<int64_t> most_trips() const {
    const ValueId given = g_.node(loop_.node).input(0);
    if (given == graph::none) return INT64_MAX;
    const Tensor* t = g_.constant(given);
    return t == nullptr || t->count() != 1 ? std::nullopt : std::optional(t->int_at(0));
  }

  bool only_ends(ValueId next) const {
    const auto& outputs = g_.block(loop_.body).outputs;
    return next != g_.block(loop_.body).inputs[1] && g_.users(next).empty() &&
           std::count(outputs.begin(), outputs.end(), next) == 1;
  }

  // The number that state `i` is, where it counts upwards by one.
  std::optional<Counter> counting_state(size_t i) const {
    const auto start = whole_number(g_, loop_.first(g_, i));
    const ValueId after = without_identity(g_, loop_.after(g_, i));
    if (!start || !is_whole(g_, after) || stepped(after) != loop_.before(g_, i))
      return std::nullopt;
    return Counter{*start};
  }

  // The value that `v` is one more than; none: it is not.
  ValueId stepped(ValueId v) const {
    const Node* n = g_.producer_of(v);
    if (n == nullptr || !n->is("Add")) return graph::none;
    for (const size_t i : {size_t{0}, size_t{1}}) {
      if (whole_number(g_, outside(n->input(1 - i))) == 1) return without_identity(g_, n->input(i));
    }
    return graph::none;
  }

  std::optional<Counter> counter(ValueId v) const {
    v = without_casts(g_, v);
    const ValueId before = stepped(v);
    const ValueId at = before == graph::none ? v : before;
    const int64_t one = before == graph::none ? 0 : 1;
    if (!is_whole(g_, v)) return std::nullopt;
    if (at == g_.block(loop_.body).inputs[0]) return Counter{one};
    const auto state = loop_.state_of(g_, at);
    const auto c = state ? counting_state(*state) : std::nullopt;
    return c ? std::optional(Counter{c->base + one}) : std::nullopt;
  }

  // A value that is the same in every iteration, as it is called outside; none: it is not.
  ValueId outside(ValueId v) const {
    v = without_casts(g_, v);
    if (const auto state = loop_.state_of(g_, v)) {
      return loop_.is_unchanged(g_, *state) ? without_casts(g_, loop_.first(g_, *state))
                                            : graph::none;
    }
    return g_.constant(v) != nullptr || !g_.is_inside(g_.value(v).block, loop_.body) ? v
                                                                                     : graph::none;
  }

  // The number of iterations behind which the condition holds, from the first on.
  std::optional<Limit> goes_on(ValueId condition) const {
    const Node* n = g_.producer_of(without_identity(g_, condition));
    if (n == nullptr || n->inputs.size() != 2) return std::nullopt;
    if (n->is("And")) return both(goes_on(n->input(0)), goes_on(n->input(1)));
    const bool less = n->is("Less") || n->is("LessOrEqual");
    if (!less && !n->is("Greater") && !n->is("GreaterOrEqual")) return std::nullopt;
    const ValueId small = n->input(less ? 0 : 1), large = n->input(less ? 1 : 0);
    const auto c = counter(small);
    const ValueId limit = outside(large);
    if (!c || limit == graph::none) return std::nullopt;
    const bool equal = n->op.ends_with("OrEqual");
    if (const auto number = whole_number(g_, limit)) {
      return Limit{graph::none, std::max<int64_t>(0, *number - c->base + equal)};
    }
    const graph::Fact& fact = g_.fact(limit);
    if (!is_whole(g_, limit) || !fact.has_rank() || fact.rank() > 1) return std::nullopt;
    return Limit{limit, equal - c->base};
  }

  static std::optional<Limit> both(const std::optional<Limit>& a, const std::optional<Limit>& b) {
    if (!a || !b || a->value != graph::none || b->value != graph::none) return std::nullopt;
    return Limit{graph::none, std::min(a->plus, b->plus)};
  }

  // Whether the loop is known to begin, or not to begin exactly where the count is 0.
  bool begins(const Limit& limit) const {
    const ValueId first = g_.node(loop_.node).input(1);
    if (first == graph::none) return limit.value == graph::none;
    if (const auto known = scalar(g_, first)) return *known != 0 && limit.value == graph::none;
    // The same comparison of what the counter begins with: limit + plus + 1 > 0.
    const Node* n = g_.producer_of(without_identity(g_, first));
    if (limit.value == graph::none || n == nullptr || n->inputs.size() != 2) return false;
    const bool less = n->is("Less") || n->is("LessOrEqual");
    if (!less && !n->is("Greater") && !n->is("GreaterOrEqual")) return false;
    const auto start = whole_number(g_, without_casts(g_, n->input(less ? 0 : 1)));
    return start && without_casts(g_, n->input(less ? 1 : 0)) == limit.value &&
           n->op.ends_with("OrEqual") - *start == limit.plus + 1;
  }

  ValueId count(const Limit& limit, Patch* p) const {
    const std::string& name = g_.node(loop_.node).name;
    const auto number = [&](int64_t k) {
      return p->constant(Tensor::scalar<int64_t>(k), name + "_count");
    };
    if (limit.value == graph::none) return number(limit.plus + 1);
    const auto added = [&](const char* op, std::vector<ValueId> inputs) {
      Node n;
      n.op = op;
      n.name = name + "_count";
      n.inputs = std::move(inputs);
      if (n.op == "Cast") n.attributes.set("to", int64_t{7});  // TensorProto.INT64
      return p->add(std::move(n), {loop_.node});
    };
    const ValueId whole = added("Cast", {limit.value});
    return limit.plus == -1 ? whole : added("Add", {whole, number(limit.plus + 1)});
  }

  const Graph& g_;
  const Loop& loop_;
};

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const auto loop = as_loop(g, id);
  return loop ? Counted(g, *loop).patch() : std::nullopt;
}

}  // namespace

extern const Pass count_loop;
const Pass count_loop{"count_loop",    "tell a loop that counts how often it runs",
                      Stage::standard, true,
                      propose,         nullptr};

}  // namespace hone::passes
