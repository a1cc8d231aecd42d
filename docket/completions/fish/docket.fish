# Completion of docket for fish.

function _docket_completion
    set -l response (env _DOCKET_COMPLETE=fish_complete COMP_WORDS=(commandline -cp) \
        COMP_CWORD=(commandline -t) docket 2>/dev/null)
    for line in $response
        set -l parts (string split --max 1 "," -- $line)
        switch $parts[1]
            case plain
                echo $parts[2]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
        end
    end
end

complete --no-files --command docket --arguments "(_docket_completion)"
