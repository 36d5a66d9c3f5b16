#include <pugixml.hpp>
#include <sstream>

#include "ship/gate/output.h"

namespace hone::ship {

namespace {

// XML 1.0 has no place for control characters, and pugixml writes UTF-8 as it stands; names of
// classes may hold anything.
std::string printable(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const size_t length = c < 0x80                ? 1
                          : c >= 0xc2 && c < 0xe0 ? 2
                          : c >= 0xe0 && c < 0xf0 ? 3
                          : c >= 0xf0 && c < 0xf5 ? 4
                                                  : 0;
    bool whole = length > 0 && i + length <= text.size() && (length > 1 || c >= 0x20);
    for (size_t k = 1; whole && k < length; ++k) {
      whole = (static_cast<unsigned char>(text[i + k]) & 0xc0) == 0x80;
    }
    // Surrogates, overlong forms, U+FFFE and U+FFFF.
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (c == 0xed && next >= 0xa0) whole = false;
    if ((c == 0xe0 && next < 0xa0) || (c == 0xf0 && next < 0x90) || (c == 0xf4 && next >= 0x90)) {
      whole = false;
    }
    if (c == 0xef && next == 0xbf && i + 2 < text.size() &&
        static_cast<unsigned char>(text[i + 2]) >= 0xbe) {
      whole = false;
    }
    out += whole ? text.substr(i, length) : "?";
    i += whole ? length : 1;
  }
  return out;
}

void set(pugi::xml_node node, const char* name, const std::string& text) {
  node.append_attribute(name).set_value(printable(text).c_str());
}

struct Counts {
  unsigned tests = 0, failures = 0, skipped = 0;
  void add(const Judged& j) {
    for (const Check& c : j.result.checks) {
      ++tests;
      failures += c.verdict == Verdict::no_ship;
      skipped += c.verdict == Verdict::inconclusive;
    }
  }
  // In the order of the schemas that want one.
  void write(pugi::xml_node node) const {
    node.append_attribute("tests").set_value(tests);
    node.append_attribute("failures").set_value(failures);
    node.append_attribute("errors").set_value(0);
    node.append_attribute("skipped").set_value(skipped);
    node.append_attribute("time").set_value("0");
  }
};

void write_case(pugi::xml_node suite, const Judged& j, const Check& c) {
  pugi::xml_node test = suite.append_child("testcase");
  set(test, "name", c.what);
  set(test, "classname", j.model + "." + j.target);
  test.append_attribute("time").set_value("0");
  if (c.verdict == Verdict::no_ship) {
    pugi::xml_node failure = test.append_child("failure");
    set(failure, "message", c.text);
    failure.append_attribute("type").set_value(c.key.c_str());
    failure.text().set(printable(c.what + " " + c.text).c_str());
  } else if (c.verdict == Verdict::inconclusive) {
    set(test.append_child("skipped"), "message", "inconclusive: " + c.text);
  } else {
    test.append_child("system-out").text().set(printable(c.text).c_str());
  }
}

}  // namespace

std::string junit_xml(const std::vector<Judged>& all) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version").set_value("1.0");
  declaration.append_attribute("encoding").set_value("UTF-8");
  pugi::xml_node root = document.append_child("testsuites");
  root.append_attribute("name").set_value("hone gate");
  Counts every;
  for (const Judged& j : all) every.add(j);
  every.write(root);
  for (const Judged& j : all) {
    pugi::xml_node suite = root.append_child("testsuite");
    set(suite, "name", j.model + " for " + j.target);
    Counts own;
    own.add(j);
    own.write(suite);
    pugi::xml_node property = suite.append_child("properties").append_child("property");
    property.append_attribute("name").set_value("verdict");
    set(property, "value", verdict_line(j.result));
    for (const Check& c : j.result.checks) write_case(suite, j, c);
  }
  std::ostringstream out;
  document.save(out, "  ");
  return out.str();
}

}  // namespace hone::ship
