# SPDX-License-Identifier: Apache-2.0
# TrbaInstall.cmake - what `cmake --install` puts where. The tree may be moved afterwards: the CMake package and trba.pc
# find everything relative to themselves, as far as no CMAKE_INSTALL_..DIR is absolute.
#
#   library      libtrba.so.0.1             programs  strdemo, trba (TrbaPrograms.cmake), man pages, completion, models
#   development  header, CMake, pkg-config  licence, fetched  what a Debian package has in its own way, or has not
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/trba")

install(TARGETS trba EXPORT trba_targets LIBRARY COMPONENT library NAMELINK_COMPONENT development)
if(TRBA_BUILD_STATIC)
    install(TARGETS trba_static EXPORT trba_static_targets ARCHIVE COMPONENT development)
endif()
install(FILES include/trba.h TYPE INCLUDE COMPONENT development)
install(FILES LICENSE NOTICE TYPE DOC COMPONENT licence)

# ---- what goes with the programs ----

if(TRBA_BUILD_TOOLS)
    # Their heads say @TRBA_VERSION@.
    file(GLOB man_pages CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/man/*.1")
    foreach(page IN LISTS man_pages)
        get_filename_component(name "${page}" NAME)
        configure_file("${page}" "man/${name}" @ONLY)
        install(FILES "${PROJECT_BINARY_DIR}/man/${name}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1"
                COMPONENT programs)
    endforeach()
    install(FILES models/trba.pth models/trba.yaml models/trba-ctc.pth models/trba-ctc.yaml models/english_g2.yaml
            DESTINATION "${TRBA_MODELS_DIR}" COMPONENT programs)
    install(FILES models/english_g2.pth DESTINATION "${TRBA_MODELS_DIR}" COMPONENT fetched OPTIONAL)
    # bash and fish look for a file of the program's name; zsh reads in the file which programs it is for.
    foreach(program IN ITEMS strdemo trba)
        install(FILES tools/completion/trba.bash RENAME ${program} COMPONENT programs
                DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
        install(FILES tools/completion/trba.fish RENAME ${program}.fish COMPONENT programs
                DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
    endforeach()
    install(FILES tools/completion/trba.zsh RENAME _trba COMPONENT programs
            DESTINATION "${CMAKE_INSTALL_DATADIR}/${TRBA_ZSH_FOLDER}")
endif()

# ---- for programs that use the library ----

install(EXPORT trba_targets NAMESPACE trba:: DESTINATION "${package_dir}" FILE trba-targets.cmake
        COMPONENT development)
if(TRBA_BUILD_STATIC)
    install(EXPORT trba_static_targets NAMESPACE trba:: DESTINATION "${package_dir}" FILE trba-static-targets.cmake
            COMPONENT development)
endif()
list(JOIN TRBA_PC_MODULES " " TRBA_PC_MODULES_SPACED)
configure_package_config_file(cmake/trba-config.cmake.in trba-config.cmake INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(trba-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/trba-config.cmake" "${PROJECT_BINARY_DIR}/trba-config-version.cmake"
        DESTINATION "${package_dir}" COMPONENT development)

set(pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH TRBA_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" TRBA_PC_PREFIX "${TRBA_PC_PREFIX}")
foreach(kind IN ITEMS LIBDIR INCLUDEDIR)
    set(TRBA_PC_${kind} "${CMAKE_INSTALL_${kind}}")
    if(NOT IS_ABSOLUTE "${TRBA_PC_${kind}}")
        string(PREPEND TRBA_PC_${kind} "\${prefix}/")
    endif()
endforeach()
# For who links libtrba.a. Not "Requires.private: libpng": that would ask every user of the shared library for the
# dependencies' headers, and for what only a static OpenBLAS needs, if it is linked: the Fortran runtime.
list(TRANSFORM TRBA_SYSTEM_LIBRARIES PREPEND "-l" OUTPUT_VARIABLE system_flags)
list(JOIN TRBA_DEPENDENCIES_LDFLAGS " " TRBA_PC_LIBS_PRIVATE)
list(JOIN system_flags " " system_flags)
string(APPEND TRBA_PC_LIBS_PRIVATE " ${system_flags}")
configure_file(cmake/trba.pc.in trba.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/trba.pc" DESTINATION "${pkgconfig_dir}" COMPONENT development)
