# What a build of the device library alone has beside it: the program that runs an engine on files,
# and with HONE_TESTS the device's tests, for whose machine GoogleTest is compiled here (Debian
# ships its sources with libgtest-dev).

add_executable(hone_rt_run examples/c_api/run.c)
target_link_libraries(hone_rt_run PRIVATE hone_rt)
if(CMAKE_CROSSCOMPILING)
  # A board need not have the toolchain's libraries.
  target_link_options(hone_rt_run PRIVATE -static)
  target_link_options(hone-tune PRIVATE -static)
endif()

set(googletest /usr/src/googletest)
if(HONE_TESTS AND EXISTS "${googletest}/googletest/src/gtest-all.cc")
  add_library(gtest_main STATIC
    "${googletest}/googletest/src/gtest-all.cc" "${googletest}/googlemock/src/gmock-all.cc"
    "${googletest}/googlemock/src/gmock_main.cc")
  target_include_directories(gtest_main PRIVATE "${googletest}/googletest" "${googletest}/googlemock")
  target_link_libraries(gtest_main PUBLIC Threads::Threads)
  add_library(GTest::gmock ALIAS gtest_main)
  add_library(GTest::gtest_main ALIAS gtest_main)
  include(test_programs)
  hone_tests(common_tests DIR src/common LINKS hone_common)
  hone_tests(device_tests DIR src/device LINKS hone_runtime)
endif()
