#include <algorithm>
#include <set>

#include "host/graph/quote.h"
#include "host/graph/text.h"
#include "host/graph/text_cursor.h"

namespace hone::graph {
namespace {

constexpr size_t max_nesting = 50;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '/';
}

bool is_fact_next(TextCursor& c) {
  const size_t start = c.position();
  const bool found = c.accept_word("sequence") || c.accept_word("optional") ||
                     c.accept_word("map") || accept_dtype(c);
  c.rewind(start);
  return found;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : c_(text) {}

  Result<Graph> run() {
    HONE_RETURN_IF_ERROR(header());
    std::vector<ValueId> outputs;
    while (!c_.at_end()) HONE_RETURN_IF_ERROR(statement(0, &outputs));
    g_.set_block_outputs(0, std::move(outputs));
    if (const Status s = verify_structure(g_); !s.ok()) return corrupt(one_line(s.text()));
    return std::move(g_);
  }

 private:
  Status header() {
    if (!c_.accept_word("graph")) return c_.fail("'graph' is missing");
    HONE_ASSIGN(g_.name, c_.string());
    if (!c_.accept_word("opset") || !c_.accept("{")) return c_.fail("'opset {' is missing");
    while (!c_.accept("}")) {
      if (!g_.opsets.empty() && !c_.accept(",")) return c_.fail("',' or '}' is missing");
      HONE_ASSIGN(const std::string domain, c_.string());
      HONE_ASSIGN(const int64_t version, c_.integer());
      if (!g_.opsets.emplace(domain, version).second) return c_.fail("a domain stands twice");
    }
    if (c_.accept_word("producer")) {
      HONE_ASSIGN(g_.producer, c_.string());
    }
    while (c_.accept_word("meta")) {
      HONE_ASSIGN(const std::string key, c_.string());
      HONE_ASSIGN(g_.metadata[key], c_.string());
    }
    return {};
  }

  Status statement(BlockId b, std::vector<ValueId>* outputs) {
    if (c_.accept_word("in")) return input(b);
    if (b == 0 && c_.accept_word("const")) return constant();
    if (!c_.accept_word("out")) return node(b);
    HONE_ASSIGN(const ValueId v, read(b));
    if (v == none) return c_.fail("an output must be a value");
    outputs->push_back(v);
    if (b != 0) return {};
    std::string as = g_.value(v).name;
    if (c_.accept_word("as")) {
      HONE_ASSIGN(as, c_.string());
    }
    g_.output_names.push_back(std::move(as));
    return {};
  }

  // %name; an empty one for "_".
  Result<std::string> name() {
    if (c_.accept_word("_")) return std::string();
    if (!c_.accept("%")) return c_.fail("a %value or '_' is missing");
    if (const auto bare = c_.take_while(is_name_char); !bare.empty()) return std::string(bare);
    HONE_ASSIGN(std::string s, c_.string());
    if (s.empty()) return c_.fail("a value without a name");
    return s;
  }

  Result<ValueId> read(BlockId b) {
    const size_t start = c_.position();
    HONE_ASSIGN(const std::string s, name());
    if (s.empty()) return none;
    const ValueId v = g_.find_value(s);
    const auto fail = [&](const char* what) {
      c_.rewind(start);
      return c_.fail("value '" + s + "' is " + what);
    };
    if (v == none) return fail("not defined");
    const Value& x = g_.value(v);
    const bool own = std::find(owners_.begin(), owners_.end(), x.producer) != owners_.end();
    if (own || !g_.is_inside(b, x.block)) return fail("not defined here");
    return v;
  }

  struct Definition {
    std::string name;  // empty: absent
    Fact fact;
    Layout layout = Layout::row_major;
  };
  Result<Definition> definition() {
    const size_t start = c_.position();
    Definition d;
    HONE_ASSIGN(d.name, name());
    if (d.name.empty()) return d;
    if (g_.find_value(d.name) != none) {
      c_.rewind(start);
      return c_.fail("value '" + d.name + "' is defined twice");
    }
    if (is_fact_next(c_)) {
      HONE_ASSIGN(d.fact, parse_fact(c_));
    }
    HONE_ASSIGN(d.layout, layout());
    return d;
  }

  Result<Layout> layout() {
    if (!c_.accept("@")) return Layout::row_major;
    if (c_.accept_word("channels_last")) return Layout::channels_last;
    return c_.fail("no such layout");
  }

  Status input(BlockId b) {
    HONE_ASSIGN(Definition d, definition());
    if (d.name.empty()) return c_.fail("an input needs a name");
    g_.set_layout(g_.add_input(std::move(d.name), std::move(d.fact), b), d.layout);
    return {};
  }

  Status constant() {
    HONE_ASSIGN(std::string s, name());
    if (s.empty()) return c_.fail("a constant needs a name");
    if (g_.find_value(s) != none) return c_.fail("value '" + s + "' is defined twice");
    HONE_ASSIGN(const DType dtype, parse_dtype(c_));
    HONE_ASSIGN(Dims dims, parse_dims(c_));
    HONE_ASSIGN(const Layout l, layout());
    if (!c_.accept("=")) return c_.fail("'=' is missing");
    HONE_ASSIGN(Tensor t, parse_tensor_data(c_, dtype, std::move(dims)));
    g_.set_layout(g_.add_constant(std::move(s), std::move(t)), l);
    return {};
  }

  Status node(BlockId b) {
    std::vector<Definition> outputs;
    std::vector<std::string> names;
    std::set<std::string> own;
    while (!c_.accept("=")) {
      if (!outputs.empty() && !c_.accept(",")) return c_.fail("',' or '=' is missing");
      HONE_ASSIGN(Definition d, definition());
      if (!d.name.empty() && !own.insert(d.name).second) {
        return c_.fail("value '" + d.name + "' is defined twice");
      }
      names.push_back(d.name);
      outputs.push_back(std::move(d));
    }
    HONE_ASSIGN(Node made, operation(b));
    made.block = b;
    const NodeId n = g_.add_node(std::move(made), names);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const ValueId v = g_.node(n).outputs[i];
      if (v == none) continue;
      g_.set_fact(v, std::move(outputs[i].fact));
      g_.set_layout(v, outputs[i].layout);
    }
    return blocks(n);
  }

  // domain::Op:version(inputs) {attributes} "name" from ["origin", ...]
  Result<Node> operation(BlockId b) {
    Node n;
    HONE_ASSIGN(n.op, c_.word());
    if (c_.accept("::")) {
      n.domain = std::move(n.op);
      HONE_ASSIGN(n.op, c_.word());
    }
    if (n.op.empty()) return c_.fail("an operator without a name");
    n.version = n.domain == hone_domain ? 1 : g_.opset(n.domain);
    if (c_.accept(":")) {
      HONE_ASSIGN(n.version, c_.integer());
    }
    if (!c_.accept("(")) return c_.fail("'(' is missing");
    while (!c_.accept(")")) {
      if (!n.inputs.empty() && !c_.accept(",")) return c_.fail("',' or ')' is missing");
      HONE_ASSIGN(const ValueId v, read(b));
      n.inputs.push_back(v);
    }
    HONE_RETURN_IF_ERROR(attributes(&n));
    if (c_.peek() == '"' && !is_block_next()) {
      HONE_ASSIGN(n.name, c_.string());
    }
    if (!is_block_next() && c_.accept_word("from")) {
      HONE_ASSIGN(n.origin, origins());
    }
    return n;
  }

  Status attributes(Node* n) {
    if (!c_.accept("{")) return {};
    while (!c_.accept("}")) {
      if (n->attributes.size() > 0 && !c_.accept(",")) return c_.fail("',' or '}' is missing");
      HONE_ASSIGN(const std::string key, c_.word());
      if (n->attributes.has(key)) return c_.fail("attribute '" + key + "' stands twice");
      if (!c_.accept("=")) return c_.fail("'=' is missing");
      HONE_ASSIGN(Attr value, parse_attribute(c_));
      n->attributes.set(key, std::move(value));
    }
    return {};
  }

  Result<std::vector<std::string>> origins() {
    std::vector<std::string> list;
    if (!c_.accept("[")) return c_.fail("'[' is missing");
    while (!c_.accept("]")) {
      if (!list.empty() && !c_.accept(",")) return c_.fail("',' or ']' is missing");
      HONE_ASSIGN(std::string s, c_.string());
      list.push_back(std::move(s));
    }
    if (list.empty()) return c_.fail("a node computes at least itself");
    return list;
  }

  // A block begins with its name and a colon, as nothing else does.
  bool is_block_next() {
    const size_t start = c_.position();
    const bool word = c_.peek() == '"' ? c_.string().ok() : !c_.identifier().empty();
    const bool found = word && c_.accept(":");
    c_.rewind(start);
    return found;
  }

  Status blocks(NodeId owner) {
    owners_.push_back(owner);
    if (owners_.size() > max_nesting) return c_.fail("blocks nested too deeply");
    while (is_block_next()) {
      HONE_ASSIGN(std::string name, c_.word());
      c_.accept(":");
      const BlockId b = g_.add_block(owner, std::move(name));
      if (c_.accept_word("poisoned")) {
        HONE_ASSIGN(std::string why, c_.string());
        if (why.empty()) return c_.fail("poisoned without a reason");
        g_.poison(b, std::move(why));
      }
      if (!c_.accept("{")) return c_.fail("'{' is missing");
      std::vector<ValueId> outputs;
      while (!c_.accept("}")) HONE_RETURN_IF_ERROR(statement(b, &outputs));
      g_.set_block_outputs(b, std::move(outputs));
    }
    owners_.pop_back();
    return {};
  }

  Graph g_;
  TextCursor c_;
  std::vector<NodeId> owners_;  // nodes whose blocks are being read
};

}  // namespace

Result<Graph> parse_text(std::string_view text) { return Parser(text).run(); }

}  // namespace hone::graph
