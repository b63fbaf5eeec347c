# Everything comes from Debian packages (tools/install_dependencies.sh) but DuckDB, whose official
# build comes from the npm registry; -DDUCKDB_ROOT= takes another one.
find_package(Threads REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.74 CONFIG REQUIRED COMPONENTS headers)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
add_library(re2::re2 ALIAS PkgConfig::RE2)
# Its -pthread defines _REENTRANT, with which the precompiled header is refused; glibc needs
# neither.
set_target_properties(PkgConfig::RE2 PROPERTIES INTERFACE_COMPILE_OPTIONS "")

if(NOT DUCKDB_ROOT)
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/FetchDuckdb.sh
                  OUTPUT_VARIABLE DUCKDB_FETCHED OUTPUT_STRIP_TRAILING_WHITESPACE
                  RESULT_VARIABLE DUCKDB_RC)
  if(DUCKDB_RC)
    message(FATAL_ERROR "DuckDB could not be fetched; give -DDUCKDB_ROOT=<folder> with "
                        "lib/libduckdb.so and include/duckdb.h")
  endif()
else()
  set(DUCKDB_FETCHED ${DUCKDB_ROOT})
  foreach(file lib/libduckdb.so include/duckdb.h)
    if(NOT EXISTS ${DUCKDB_ROOT}/${file})
      message(FATAL_ERROR "DUCKDB_ROOT: there is no ${DUCKDB_ROOT}/${file}")
    endif()
  endforeach()
endif()
# libduckdb.so lies beside the programs, which look for it there ($ORIGIN).
file(MAKE_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
file(CREATE_LINK ${DUCKDB_FETCHED}/lib/libduckdb.so
     ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/libduckdb.so COPY_ON_ERROR SYMBOLIC)
add_library(duckdb SHARED IMPORTED GLOBAL)
set_target_properties(duckdb PROPERTIES
  IMPORTED_LOCATION ${DUCKDB_FETCHED}/lib/libduckdb.so IMPORTED_NO_SONAME OFF
  INTERFACE_INCLUDE_DIRECTORIES ${DUCKDB_FETCHED}/include)

add_library(kc_headers INTERFACE)
target_link_libraries(kc_headers INTERFACE nlohmann_json::nlohmann_json tl::expected
                      simdjson::simdjson CLI11::CLI11 Boost::headers)
target_include_directories(kc_headers INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})

if(KC_BUILD_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  enable_testing()
endif()
