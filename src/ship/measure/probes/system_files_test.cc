#include "ship/measure/probes/system_files.h"

#include <gmock/gmock.h>

#include "ship/measure/probes/testing/tree.h"

namespace hone::ship {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Tree;

TEST(SystemFiles, NumbersAreWholeOrNothing) {
  EXPECT_EQ(whole_number(" 42\n"), 42);
  EXPECT_EQ(whole_number("-5"), -5);
  EXPECT_EQ(whole_number("0x50005", 16), 0x50005);
  EXPECT_EQ(whole_number("50005", 16), 0x50005);
  for (const char* text : {"", " ", "12a", "1.5", "nan", "0x12", "99999999999999999999", "1 2"}) {
    EXPECT_FALSE(whole_number(text)) << text;
  }
}

TEST(SystemFiles, CpuLists) {
  EXPECT_THAT(*cpu_list("0-3,8\n"), ElementsAre(0, 1, 2, 3, 8));
  EXPECT_THAT(*cpu_list("5"), ElementsAre(5));
  for (const char* text : {"", "a", "3-1", "0-", "-3", "0-9999999999", ","}) {
    EXPECT_FALSE(cpu_list(text)) << text;
  }
  EXPECT_EQ(cpu_list("0-1000000")->size(), 4096u);  // bounded, whatever the file says
  EXPECT_EQ(cpu_list_text({0, 1, 2, 3, 8, 10, 11}), "0-3,8,10-11");
  EXPECT_EQ(cpu_list_text({}), "");
}

TEST(SystemFiles, KeysAreWholeWords) {
  constexpr const char* text = "nr_periods 10\nnr_throttled 3\nthrottled_usec x\n";
  EXPECT_EQ(keyed_number(text, "nr_throttled"), 3);
  EXPECT_FALSE(keyed_number(text, "throttled"));
  EXPECT_FALSE(keyed_number(text, "throttled_usec"));
}

TEST(SystemFiles, NamesComeByTheirNumbers) {
  Tree t;
  for (const char* name : {"hwmon10", "hwmon2", "hwmon1", "other"}) {
    t.plant(std::string("sys/class/hwmon/") + name + "/name", "x");
  }
  EXPECT_THAT(t.files().names("sys/class/hwmon", "hwmon"),
              ElementsAre("hwmon1", "hwmon2", "hwmon10"));
  EXPECT_THAT(t.files().names("no/such", ""), IsEmpty());
}

TEST(SystemFiles, EmptyHugeAndBinaryFilesAreNoText) {
  Tree t;
  t.plant("empty", "");
  t.plant("blank", " \n\t");
  t.plant("huge", std::string((1 << 20) + 1, '1'));
  t.plant("binary", "\xff\xfe");
  t.plant("two_lines", "a\nb");
  t.plant("device_tree", std::string_view("Raspberry Pi 5\0", 15));
  SystemFiles f = t.files();
  EXPECT_EQ(f.text("empty").code(), Code::corrupt);
  EXPECT_EQ(f.text("blank").code(), Code::corrupt);
  EXPECT_FALSE(f.text("huge").ok());
  EXPECT_EQ(f.text("missing").code(), Code::not_found);
  EXPECT_FALSE(f.name("binary"));
  EXPECT_FALSE(f.name("two_lines"));
  EXPECT_EQ(f.name("device_tree"), "Raspberry Pi 5");
  EXPECT_EQ(f.number("two_lines").code(), Code::corrupt);
}

}  // namespace
}  // namespace hone::ship
