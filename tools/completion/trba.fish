# SPDX-License-Identifier: Apache-2.0
# trba.fish - what fish offers behind strdemo and trba; installed under both names, because fish loads it by name.
# As in trba.bash everything comes from the programs' own help, read once, when fish first needs it.

function __trba_list_charsets
    trba charsets 2>/dev/null | tail -n +2 | string replace -r ' .*' ''
end

# What `complete` is to know about an option's value, from what the help calls it.
function __trba_describe_value --argument-names value
    switch $value
        case ''
        case FILE FOLDER INPUT SET
            printf '%s\n' --require-parameter --force-files
        case CHARSET
            printf '%s\n' --require-parameter --force-files --arguments '(__trba_list_charsets)'
        case '*'
            printf '%s\n' --exclusive
            if string match -qr '\||^[a-z]' -- $value
                printf '%s\n' --arguments (string replace -a '|' ' ' -- $value)
            end
    end
end

# Tells fish the options in `PROGRAM [COMMAND] --help`; those of a command belong behind that command.
function __trba_add_options --argument-names program command
    set -l where --command $program
    if test -n "$command"
        set -a where --condition "__fish_seen_subcommand_from $command"
    end
    for option in ($program $command --help 2>/dev/null |
            string replace -rf '^  (?:-(.), |    )--([A-Za-z_-]+)(?: (\S+))?.*' '$1,$2,$3')
        set -l parts (string split , -- $option)
        set -l letter
        if test -n "$parts[1]"
            set letter --short-option $parts[1]
        end
        complete $where --long-option $parts[2] $letter (__trba_describe_value $parts[3])
    end
end

switch (status basename)
    case strdemo.fish
        __trba_add_options strdemo
    case trba.fish
        set -l commands (trba help 2>/dev/null | string replace -rf '^  ([a-z]+)  .*' '$1')
        set -l no_command "not __fish_seen_subcommand_from $commands"
        complete --command trba --condition $no_command --no-files --arguments "$commands"
        complete --command trba --condition $no_command --long-option help --short-option h
        complete --command trba --condition $no_command --long-option version
        complete --command trba --condition '__fish_seen_subcommand_from charsets' --no-files \
            --arguments '(__trba_list_charsets)'
        for command in $commands
            __trba_add_options trba $command
        end
end
