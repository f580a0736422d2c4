# SPDX-License-Identifier: Apache-2.0
# TrbaInstall.cmake - what `cmake --install` puts where. The tree may be moved afterwards: the CMake package and trba.pc
# find everything relative to themselves.
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/trba")

set(libraries trba)
if(TRBA_BUILD_STATIC)
    list(APPEND libraries trba_static)
endif()
install(TARGETS ${libraries} EXPORT trba_targets LIBRARY ARCHIVE)
install(FILES include/trba.h TYPE INCLUDE)
install(FILES LICENSE NOTICE TYPE DOC)
install(FILES models/english_g2.yaml DESTINATION "${CMAKE_INSTALL_DATADIR}/trba/models")
install(FILES models/english_g2.pth DESTINATION "${CMAKE_INSTALL_DATADIR}/trba/models" OPTIONAL)
file(GLOB man_pages CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/man/*.1")
install(FILES ${man_pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")

install(EXPORT trba_targets NAMESPACE trba:: DESTINATION "${package_dir}" FILE trba-targets.cmake)
configure_package_config_file(cmake/trba-config.cmake.in trba-config.cmake INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(trba-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/trba-config.cmake" "${PROJECT_BINARY_DIR}/trba-config-version.cmake"
        DESTINATION "${package_dir}")

set(pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH TRBA_PC_PREFIX "/${pkgconfig_dir}" "/")
string(REGEX REPLACE "/$" "" TRBA_PC_PREFIX "${TRBA_PC_PREFIX}")
# For who links libtrba.a. Not "Requires.private: openblas": that would ask every user of the shared library for the
# dependencies' headers, and for the Fortran runtime that only a static OpenBLAS needs.
list(JOIN TRBA_DEPENDENCIES_LDFLAGS " " TRBA_PC_LIBS_PRIVATE)
configure_file(cmake/trba.pc.in trba.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/trba.pc" DESTINATION "${pkgconfig_dir}")
