#include "ship/gate/output.h"

#include <gtest/gtest.h>

#include <pugixml.hpp>

namespace hone::ship {
namespace {

Judged judged() {
  GateResult r;
  r.verdict = Verdict::no_ship;
  Check parity{"parity_tolerance",
               "parity",
               Verdict::ship,
               "16 agree",
               "relative",
               1e-6,
               {},
               {},
               1e-3,
               {},
               {}};
  Check p95{"p95_ms",
            "p95 latency",
            Verdict::no_ship,
            "2.5 ms [2.4, 2.6], limit 2",
            "ms",
            2.5,
            2.4,
            2.6,
            2,
            {},
            {}};
  Check energy{"energy_mj",
               "energy",
               Verdict::inconclusive,
               "unavailable: no RAPL (limit 5 mJ)",
               "mJ",
               {},
               {},
               {},
               5,
               {},
               {}};
  r.checks = {parity, p95, energy};
  r.reasons = {"p95 latency 2.5 ms [2.4, 2.6], limit 2",
               "energy unavailable: no RAPL (limit 5 mJ)"};
  return {"net", "pi5", r};
}

TEST(Output, VerdictOfAll) {
  Judged ship = judged(), undecided = judged(), no = judged();
  ship.result.verdict = Verdict::ship;
  undecided.result.verdict = Verdict::inconclusive;
  EXPECT_EQ(verdict_of({}), Verdict::ship);
  EXPECT_EQ(verdict_of({ship, ship}), Verdict::ship);
  EXPECT_EQ(verdict_of({ship, undecided, ship}), Verdict::inconclusive);
  EXPECT_EQ(verdict_of({no, undecided, ship}), Verdict::no_ship);
  EXPECT_EQ(verdict_of({ship, undecided, no}), Verdict::no_ship);
}

// What other parsers make of it: tests/cli/test_gate.py.
TEST(Output, JUnitIsReadBack) {
  pugi::xml_document d;
  ASSERT_TRUE(d.load_string(junit_xml({judged(), judged()}).c_str()));
  const pugi::xml_node root = d.child("testsuites"), suite = root.child("testsuite");
  EXPECT_EQ(root.attribute("tests").as_int(), 6);
  EXPECT_EQ(root.attribute("failures").as_int(), 2);
  EXPECT_EQ(suite.attribute("skipped").as_int(), 1);
  EXPECT_STREQ(suite.attribute("name").value(), "net for pi5");
  const pugi::xml_node p95 = suite.find_child_by_attribute("testcase", "name", "p95 latency");
  EXPECT_STREQ(p95.attribute("classname").value(), "net.pi5");
  EXPECT_STREQ(p95.child("failure").attribute("message").value(), "2.5 ms [2.4, 2.6], limit 2");
  const pugi::xml_node energy = suite.find_child_by_attribute("testcase", "name", "energy");
  EXPECT_STREQ(energy.child("skipped").attribute("message").value(),
               "inconclusive: unavailable: no RAPL (limit 5 mJ)");
  EXPECT_FALSE(energy.child("failure"));
}

TEST(Output, NamesOfAnySortStayXml) {
  Judged j = judged();
  j.model = "a\"<&>'\x01\x1f\n";
  j.target = "\xff\xc3\xa9\xe2\x82 \xed\xa0\x80 \xef\xbf\xbf \xf0\x9f\x98\x80 \xc0\xaf";
  pugi::xml_document d;
  const std::string xml = junit_xml({j});
  ASSERT_TRUE(d.load_string(xml.c_str()));
  EXPECT_STREQ(d.child("testsuites").child("testsuite").attribute("name").value(),
               "a\"<&>'??? for ?\xc3\xa9?? ??? ??? \xf0\x9f\x98\x80 ??");
  EXPECT_EQ(xml.find('\x01'), std::string::npos);
}

TEST(Output, MarkdownIsATable) {
  EXPECT_EQ(markdown({judged()}),
            "### NO SHIP: net for pi5\n\n"
            "| check | measured | limit | |\n|---|---:|---:|---|\n"
            "| parity | 1e-06 relative | 0.001 relative | pass |\n"
            "| p95 latency | 2.5 ms \\[2.4, 2.6\\] | 2 ms | **FAIL** |\n"
            "| energy | - | 5 mJ | undecided |\n\n"
            "- p95 latency 2.5 ms \\[2.4, 2.6\\], limit 2\n"
            "- energy unavailable: no RAPL (limit 5 mJ)\n");
  Judged j = judged();
  j.result.checks[0].what = "class 'a|b<c>&_d_\n'";
  EXPECT_NE(markdown({j}).find("| class 'a\\|b&lt;c>&amp;\\_d\\_ ' |"), std::string::npos)
      << markdown({j});
}

}  // namespace
}  // namespace hone::ship
