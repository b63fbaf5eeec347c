# kc_part(name [DIR dir] [USES parts…] [LIBS targets…] [EMULATOR filter]): the static library
# kc_<name> of all *.cc in src/<name>, without main.cc and *_test.cc; the latter become the program
# <name>_test. What the filter (GoogleTest's) names runs with a storage emulator, as a ctest of its
# own: it waits for real leases.
#
# The tests are weighed in half processors of a machine with two (`ctest -j4`): what computes takes
# one, what mostly waits a half.
set(KC_WHOLE_MACHINE 4)
# A test's emulator is its own: what one does to it, no other feels.
set(KC_WITH_EMULATOR ${CMAKE_SOURCE_DIR}/tools/with_azurite.sh)
function(kc_part name)
  cmake_parse_arguments(ARG "" "DIR;EMULATOR" "USES;LIBS" ${ARGN})
  if(NOT ARG_DIR)
    set(ARG_DIR src/${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ARG_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main|_main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM ARG_USES PREPEND kc_)
  if(sources)
    add_library(kc_${name} STATIC ${sources})
    target_link_libraries(kc_${name} PUBLIC ${ARG_USES} ${ARG_LIBS})
    kc_precompile(kc_${name})
  else()
    add_library(kc_${name} INTERFACE)
    target_link_libraries(kc_${name} INTERFACE ${ARG_USES} ${ARG_LIBS})
  endif()
  if(tests AND KC_BUILD_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE kc_${name} GTest::gtest GTest::gmock
                          GTest::gtest_main)
    kc_precompile(${name}_test)
    kc_hide_symbols(${name}_test)
    set(filter)  # none: the environment's counts
    if(ARG_EMULATOR)
      set(filter "--gtest_filter=-${ARG_EMULATOR}")
      add_test(NAME emulator.${name} COMMAND ${KC_WITH_EMULATOR} $<TARGET_FILE:${name}_test>
               --gtest_brief=1 --gtest_filter=${ARG_EMULATOR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
      set_tests_properties(emulator.${name} PROPERTIES LABELS emulator TIMEOUT 600 PROCESSORS 1)
    endif()
    add_test(NAME unit.${name} COMMAND ${name}_test --gtest_brief=1 ${filter}
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set(timeout 600)
    if(KC_SANITIZE)
      set(timeout 1800)  # several times slower
    endif()
    set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT ${timeout} PROCESSORS 2)
    if(NOT TARGET unit_tests)
      add_custom_target(unit_tests)
    endif()
    add_dependencies(unit_tests ${name}_test)
  endif()
endfunction()

# The heavy headers of the libraries are compiled once (src/base/pch.h), g++ only.
function(kc_precompile target)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  if(target STREQUAL "kc_base")
    target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src/base/pch.h)
  else()
    target_precompile_headers(${target} REUSE_FROM kc_base)
  endif()
endfunction()

# libduckdb.so binds to std:: template instances that an executable exports: export none.
function(kc_hide_symbols target)
  target_link_options(${target} PRIVATE -Wl,--as-needed -fuse-ld=lld
    -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/local_symbols.map)
  set_target_properties(${target} PROPERTIES BUILD_RPATH "$ORIGIN" BUILD_RPATH_USE_ORIGIN ON
    INSTALL_RPATH "$ORIGIN" LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/local_symbols.map)
endfunction()

function(kc_program name main)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/${main})
    return()
  endif()
  list(TRANSFORM ARG_USES PREPEND kc_)
  add_executable(${name} ${main})
  target_link_libraries(${name} PRIVATE ${ARG_USES})
  kc_precompile(${name})
  kc_hide_symbols(${name})
endfunction()

# Folders whose programs have a list of their own.
macro(kc_programs dir)
  if(EXISTS ${CMAKE_SOURCE_DIR}/${dir}/CMakeLists.txt)
    add_subdirectory(${dir})
  endif()
endmacro()

# The sources of copy/ and checkpoint/ once more, with the bugs of base/seeded_bugs.h in them: the
# checker of the simulation must see each. Compiled into the program itself, so that its symbols
# come before those of the libraries.
function(kc_mutants)
  if(NOT KC_BUILD_TESTS)
    return()
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/copy/*.cc src/checkpoint/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  add_executable(mutants_test sim/mutants_main.cc ${sources})
  target_compile_definitions(mutants_test PRIVATE KC_SEEDED_BUGS=1)
  target_link_libraries(mutants_test PRIVATE kc_sim)
  kc_precompile(mutants_test)
  kc_hide_symbols(mutants_test)
  add_test(NAME sim.mutants COMMAND mutants_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(sim.mutants PROPERTIES LABELS sim TIMEOUT 600
    PROCESSORS ${KC_WHOLE_MACHINE})
endfunction()
