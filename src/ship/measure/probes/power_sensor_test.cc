// Boards' power sensors, a Raspberry Pi 5's power chip and NVIDIA's library, all planted.
#include <gmock/gmock.h>

#include "ship/measure/probes/ina.h"
#include "ship/measure/probes/nvml.h"
#include "ship/measure/probes/pmic.h"
#include "ship/measure/probes/testing/tree.h"

namespace hone::ship {
namespace {

using ::testing::HasSubstr;
using testing::Tree;

const std::string hwmon = "sys/class/hwmon/hwmon";

class Sensors : public ::testing::Test {
 protected:
  EnergyOptions options() {
    EnergyOptions o;
    o.root = tree_.root();
    o.now = [this] { return now_; };
    o.threads = false;
    o.commands = [this](const std::vector<std::string>& words) -> Result<std::string> {
      EXPECT_EQ(words[0], "vcgencmd");
      return pmic_;
    };
    return o;
  }
  void plant_channel(int n, const std::string& label, int64_t mv, int64_t ma) {
    std::string i = std::to_string(n);
    tree_.plant(hwmon + "1/name", "ina3221\n");
    tree_.plant(hwmon + "1/in" + i + "_label", label + "\n");
    tree_.plant(hwmon + "1/in" + i + "_input", mv);
    tree_.plant(hwmon + "1/curr" + i + "_input", ma);
  }
  // Joules of the part after a second of what is planted.
  static double joules(const std::vector<EnergyPart>& parts, const std::string& name) {
    for (const EnergyPart& p : parts) {
      if (p.name == name) return p.joules;
    }
    return -1;
  }

  Tree tree_;
  double now_ = 0;
  Result<std::string> pmic_ = error(Code::not_found, "vcgencmd: cannot be started");
};

TEST_F(Sensors, NoneIsNoSource) {
  EXPECT_FALSE(find_ina(options()));
  EXPECT_FALSE(find_pmic(options()));
}

// VDD_IN feeds the others: adding them to it would count them twice.
TEST_F(Sensors, JetsonTotalIsItsInputRail) {
  plant_channel(1, "VDD_IN", 5000, 2000);
  plant_channel(2, "VDD_CPU_GPU_CV", 5000, 800);
  plant_channel(3, "VDD_SOC", 5000, 400);
  tree_.plant(hwmon + "1/curr4_input", 3200);  // the chip's own sum; has no voltage
  auto s = find_ina(options());
  ASSERT_TRUE(s && s->meter) << (s ? s->why : "");
  EXPECT_EQ(s->name, "ina3221 power sensor");
  EXPECT_THAT(s->coverage, HasSubstr("VDD_IN"));
  now_ = 1;
  auto parts = s->meter->read();
  ASSERT_TRUE(parts.ok()) << parts.status().text();
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_DOUBLE_EQ(joules(*parts, "VDD_IN"), 10);
  EXPECT_DOUBLE_EQ(joules(*parts, "VDD_SOC"), 2);
  for (const EnergyPart& p : *parts) EXPECT_EQ(p.counted, p.name == "VDD_IN");
}

TEST_F(Sensors, WithoutAnInputRailItIsTheCpus) {
  plant_channel(1, "VDD_GPU_SOC", 5000, 800);
  plant_channel(2, "VDD_CPU_CV", 5000, 400);
  auto s = find_ina(options());
  ASSERT_TRUE(s && s->meter);
  EXPECT_THAT(s->coverage, HasSubstr("VDD_CPU_CV"));
  now_ = 1;
  auto parts = s->meter->read();
  ASSERT_TRUE(parts.ok());
  for (const EnergyPart& p : *parts) EXPECT_EQ(p.counted, p.name == "VDD_CPU_CV");
}

TEST_F(Sensors, UnknownRailsAreListed) {
  plant_channel(1, "A", 5000, 800);
  plant_channel(2, "B", 5000, 400);
  auto s = find_ina(options());
  ASSERT_TRUE(s);
  EXPECT_FALSE(s->meter);
  EXPECT_THAT(s->why, HasSubstr("A, B"));
}

TEST_F(Sensors, ChannelsSwitchedOffAreNotThere) {
  plant_channel(1, "A", 5000, 800);
  plant_channel(2, "B", 0, 0);
  tree_.plant(hwmon + "1/in2_enable", 0);
  auto s = find_ina(options());
  ASSERT_TRUE(s && s->meter);
  EXPECT_THAT(s->coverage, HasSubstr("'A'"));
}

TEST_F(Sensors, PowerInMicrowatts) {
  tree_.plant(hwmon + "7/name", "ina226");
  tree_.plant(hwmon + "7/power1_input", 2'500'000);
  tree_.plant(hwmon + "7/curr1_input", 1);
  auto s = find_ina(options());
  ASSERT_TRUE(s && s->meter);
  now_ = 2;
  EXPECT_DOUBLE_EQ(joules(*s->meter->read(), "hwmon7 rail 1"), 5);
}

TEST_F(Sensors, OldJetsonDriver) {
  const std::string folder = "sys/bus/i2c/drivers/ina3221x/7-0040/iio:device0/";
  tree_.plant(folder + "rail_name_0", "POM_5V_IN");
  tree_.plant(folder + "in_power0_input", 3000);
  tree_.plant(folder + "rail_name_1", "POM_5V_CPU");
  tree_.plant(folder + "in_power1_input", 1000);
  auto s = find_ina(options());
  ASSERT_TRUE(s && s->meter);
  now_ = 1;
  EXPECT_DOUBLE_EQ(joules(*s->meter->read(), "POM_5V_IN"), 3);
}

TEST_F(Sensors, BrokenReadingsAreNoPower) {
  for (const char* text : {"", "x", "999999999999999", "99999999999999999999"}) {
    plant_channel(1, "VDD_IN", 5000, 0);
    tree_.plant(hwmon + "1/curr1_input", text);
    auto s = find_ina(options());
    ASSERT_TRUE(s);
    EXPECT_FALSE(s->meter) << text;
    EXPECT_NE(s->why, "");
  }
}

TEST_F(Sensors, Pi5RailsThatHaveBothReadings) {
  tree_.plant("proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0");
  pmic_ = std::string(testing::pmic_text);
  auto s = find_pmic(options());
  ASSERT_TRUE(s && s->meter) << (s ? s->why : "");
  EXPECT_THAT(s->coverage, HasSubstr("2 rails"));
  EXPECT_THAT(s->coverage, HasSubstr("not USB"));
  now_ = 1;
  EXPECT_NEAR(joules(*s->meter->read(), "pmic"), 0.37 + 1.8, 1e-12);
}

TEST_F(Sensors, PiWithoutReadingsSaysWhatIsMissing) {
  tree_.plant("proc/device-tree/model", "Raspberry Pi 4 Model B");
  auto s = find_pmic(options());
  ASSERT_TRUE(s);
  EXPECT_FALSE(s->meter);
  EXPECT_THAT(s->why, HasSubstr("only a Raspberry Pi 5"));
  EXPECT_THAT(s->fix, HasSubstr("vcgencmd"));
}

TEST(Pmic, HostileTexts) {
  for (const std::string& text : testing::hostile_texts()) EXPECT_FALSE(parse_pmic(text).ok());
  EXPECT_FALSE(parse_pmic("VDD_A current(0)=1A\n").ok());                     // no voltage
  EXPECT_FALSE(parse_pmic("VDD_A current(0)=-1A\nVDD_V volt(1)=1V\n").ok());  // negative
  EXPECT_FALSE(parse_pmic("VDD_A current(0)=nanA\nVDD_V volt(1)=1V\n").ok());
  EXPECT_FALSE(parse_pmic("VDD_A current(0)=1e9A\nVDD_V volt(1)=1V\n").ok());
  EXPECT_FALSE(parse_pmic("error=1 error_msg=\"Command not registered\"\n").ok());  // Pi 4
}

class FakeNvml {
 public:
  Nvml api() {
    Nvml n;
    n.init = [this] { return ++inits, init_code; };
    n.shutdown = [this] { return ++shutdowns, 0; };
    n.count = [this](unsigned* c) { return *c = static_cast<unsigned>(mj.size()), 0; };
    n.device = [this](unsigned i, void** d) { return *d = &mj[i], 0; };
    n.name = [](void*, char* text, unsigned) { return text[0] = 'H', text[1] = '\xff', 0; };
    n.total_energy_mj = [this](void* d, unsigned long long* v) {
      return *v = *static_cast<unsigned long long*>(d), energy_code;
    };
    return n;
  }
  std::vector<unsigned long long> mj = {1000, 2000};
  int inits = 0, shutdowns = 0, init_code = 0, energy_code = 0;
};

TEST(NvmlSource, CountsFromWhereItWasOpened) {
  FakeNvml fake;
  {
    auto s = find_nvml(fake.api());
    ASSERT_TRUE(s && s->meter);
    fake.mj[1] += 1500;
    auto parts = s->meter->read();
    ASSERT_TRUE(parts.ok());
    EXPECT_EQ((*parts)[0].joules, 0);
    EXPECT_EQ((*parts)[1].joules, 1.5);
    EXPECT_EQ((*parts)[1].name, "gpu1 H?");
    EXPECT_EQ(fake.shutdowns, 0);
    fake.mj[1] = 5;
    EXPECT_FALSE(s->meter->read().ok());
  }
  EXPECT_EQ(fake.shutdowns, 1);
}

// Jetson: the library is there, initialises, and has no counter. That is said, not 0.
TEST(NvmlSource, NotSupportedIsSaid) {
  FakeNvml fake;
  fake.energy_code = 3;
  auto s = find_nvml(fake.api());
  ASSERT_TRUE(s);
  EXPECT_FALSE(s->meter);
  EXPECT_THAT(s->why, HasSubstr("not supported"));
  EXPECT_EQ(fake.shutdowns, 1);
}

TEST(NvmlSource, NoDriverAndNoGpu) {
  FakeNvml fake;
  fake.init_code = 9;
  auto s = find_nvml(fake.api());
  ASSERT_TRUE(s);
  EXPECT_THAT(s->why, HasSubstr("NVML error 9"));
  EXPECT_EQ(fake.shutdowns, 0);
  fake.init_code = 0;
  fake.mj.clear();
  EXPECT_FALSE(find_nvml(fake.api()));
  EXPECT_EQ(fake.shutdowns, 1);
}

TEST(NvmlSource, MissingLibraryOrFunctions) {
  EXPECT_EQ(load_nvml("libno-such-library.so.1").code(), Code::not_found);
  auto lacks = load_nvml("libc.so.6");
  EXPECT_EQ(lacks.code(), Code::not_found);
  EXPECT_THAT(lacks.status().text(), HasSubstr("lacks"));
}

}  // namespace
}  // namespace hone::ship
