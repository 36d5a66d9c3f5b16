# Compiler flags of the sources written for one instruction set, chosen by the end of the file name
# (gemm/avx2.cc, dot_avx512_vnni.cc ...). The rest of the program is compiled for the baseline.
# A new instruction set is one hone_isa line here; tests/layers/check_symbols.py reads them too.

set(HONE_ISA_NAMES "")

# hone_isa(name processor-regex flags...): sources ending in `<name>.cc` get these flags where the
# processor matches and are left out elsewhere.
macro(hone_isa name processor)
  list(APPEND HONE_ISA_NAMES ${name})
  set(HONE_ISA_FLAGS_${name} ${ARGN})
  set(HONE_ISA_PROCESSOR_${name} "${processor}")
endmacro()

set(x86 "x86_64|AMD64")
set(avx2 -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt)
set(avx512 ${avx2} -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl
    -mprefer-vector-width=512)
set(vnni ${avx512} -mavx512vnni)
set(bf16 ${vnni} -mavx512bf16)
hone_isa(avx2 ${x86} ${avx2})
hone_isa(avx_vnni ${x86} ${avx2} -mavxvnni)
hone_isa(avx512 ${x86} ${avx512})
hone_isa(avx512_vnni ${x86} ${vnni})
hone_isa(avx512_bf16 ${x86} ${bf16})
hone_isa(amx ${x86} ${bf16} -mamx-tile -mamx-int8 -mamx-bf16)
# Registers are allocated to the tiles as they are written, then the loads moved up: the other way
# round GCC 12 spills sums. In the order for a Cortex-A55, which others take as well.
set(arm "aarch64|arm64")
set(neon -mtune=cortex-a55 -fno-schedule-insns -frename-registers)
hone_isa(neon ${arm} ${neon})
hone_isa(neon_dot ${arm} ${neon} -march=armv8.2-a+dotprod)
hone_isa(neon_i8mm ${arm} ${neon} -march=armv8.2-a+dotprod+i8mm)

# Highway must take the instruction set from these flags and nothing else; without the second
# macro it would ask for AES, which no kernel uses. Empty values, so that a source may define them.
set(HONE_ISA_COMMON_FLAGS -DHWY_COMPILE_ONLY_STATIC= -DHWY_DISABLE_PCLMUL_AES=)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC bug 105593: the undefined vectors inside avx512fintrin.h are reported as ours.
  list(APPEND HONE_ISA_COMMON_FLAGS -Wno-uninitialized)
endif()
if(HONE_FUZZ)
  # What clang makes of unrolled intrinsics under sanitizers takes it half an hour a file.
  list(APPEND HONE_ISA_COMMON_FLAGS -O0)
endif()

# Sets the flags of the ISA files among the sources named by `list`; removes those of other
# processors from it.
function(hone_apply_isa list)
  set(kept "")
  foreach(source IN LISTS ${list})
    set(isa "")
    foreach(name IN LISTS HONE_ISA_NAMES)
      if(source MATCHES "[/_]${name}\\.cc$")
        set(isa ${name})
      endif()
    endforeach()
    if(isa AND NOT CMAKE_SYSTEM_PROCESSOR MATCHES "${HONE_ISA_PROCESSOR_${isa}}")
      continue()
    endif()
    if(isa)
      set_source_files_properties("${source}" PROPERTIES
        COMPILE_OPTIONS "${HONE_ISA_FLAGS_${isa}};${HONE_ISA_COMMON_FLAGS}")
    endif()
    list(APPEND kept "${source}")
  endforeach()
  set(${list} "${kept}" PARENT_SCOPE)
endfunction()
