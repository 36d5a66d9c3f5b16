# Benchmarks and the skeleton units that the documentation shows; found like everything else.

# bench/micro/*.cc -> hone_bench. Built with the tests, so that a family or kernel without a benchmark
# is noticed where it is added.
file(GLOB bench_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/micro/*.cc")
find_package(benchmark QUIET)
if(bench_sources AND benchmark_FOUND)
  add_executable(hone_bench ${bench_sources})
  target_link_libraries(hone_bench PRIVATE hone_ship benchmark::benchmark)
  if(HONE_TESTS)
    add_test(NAME bench/every_kernel COMMAND hone_bench --benchmark_list_tests=true)
    set_tests_properties(bench/every_kernel PROPERTIES LABELS "quick;full" TIMEOUT 60)
  endif()
endif()

# examples/skeleton_*/: the units that the "how to add" pages show, compiled, and run by their tests.
file(GLOB skeleton_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/skeleton_*/*.cc")
list(FILTER skeleton_sources EXCLUDE REGEX "_test\\.cc$")
if(skeleton_sources AND HONE_TESTS)
  hone_apply_isa(skeleton_sources)
  add_library(skeletons OBJECT ${skeleton_sources})
  target_link_libraries(skeletons PRIVATE hone_cli)
  if(GTest_FOUND)
    hone_tests(skeleton_tests DIR examples LINKS hone_cli)
    target_link_libraries(skeleton_tests PRIVATE skeletons)
  endif()
endif()

# tests/**/*_tool.cc: small programs through which Python judges a library that no command shows.
file(GLOB_RECURSE tool_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/*_tool.cc")
if(HONE_TESTS)
  foreach(source IN LISTS tool_sources)
    get_filename_component(program "${source}" NAME_WE)
    add_executable(${program} ${source})
    target_link_libraries(${program} PRIVATE hone_host)
  endforeach()
endif()
