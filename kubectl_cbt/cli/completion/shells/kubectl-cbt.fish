# Completes the command kubectl-cbt in fish.
#
#   This shell only:  kubectl-cbt completion fish | source
#   Every new shell:  kubectl-cbt completion fish > ~/.config/fish/completions/kubectl-cbt.fish
#
# It runs kubectl_complete-cbt, which must be on PATH. To complete "kubectl cbt", this script is not needed: kubectl's
# own completion (kubectl completion fish) runs the same program.

function __kubectl_cbt_complete
    set -l given (commandline -opc) (commandline -ct)
    set -l lines (kubectl_complete-cbt $given[2..-1] 2>/dev/null)
    string match -qr '^:\d+$' -- $lines[-1]; or return
    set -l directive (string sub -s 2 -- $lines[-1])
    set -e lines[-1]

    # For a word --flag=value, the candidates are values, and fish expects the whole word.
    set -l flag (string match -r '^--[^=]*=' -- $given[-1])
    if test (count $lines) -eq 0; and test (math $directive % 8) -lt 4
        set lines (__fish_complete_path (string replace -r '^--[^=]*=' '' -- $given[-1]))
    end
    # fish decides itself whether a space follows (directive 2).
    for line in $lines
        echo -- "$flag$line"
    end
end

complete -c kubectl-cbt -e
complete -c kubectl-cbt -f -k -a '(__kubectl_cbt_complete)'
