#compdef kubectl-cbt
# Completes the command kubectl-cbt in zsh.
#
#   This shell only:  source <(kubectl-cbt completion zsh)
#   Every new shell:  kubectl-cbt completion zsh > "${fpath[1]}/_kubectl-cbt"
#
# Both need zsh's completion: autoload -U compinit; compinit. It runs kubectl_complete-cbt, which must be on PATH.
# To complete "kubectl cbt", this script is not needed: kubectl's own completion (kubectl completion zsh) runs the same
# program.

_kubectl-cbt() {
    local line value about
    local -a given lines candidates order space
    for value in "${(@)words[2,CURRENT-1]}"; do
        ((CURRENT > 2)) && given+=("${(Q)value}")
    done
    given+=("${(Q)PREFIX}")
    lines=("${(@f)$(kubectl_complete-cbt "${given[@]}" 2>/dev/null)}")
    [[ ${lines[-1]} == :<-> ]] || return 1
    local -i directive=${lines[-1]#:}
    lines[-1]=()

    # For a word --flag=value, the candidates are values.
    [[ ${given[-1]} == --*=* ]] && compset -P 1 '*='
    for line in "${lines[@]}"; do
        value=${line%%$'\t'*}
        about=${${line#"$value"}#$'\t'}
        value=${${value//\\/\\\\}//:/\\:}
        candidates+=("$value${about:+:$about}")
    done
    ((directive & 2)) && space=(-S '')
    ((directive & 32)) && order=(-V)
    if ((${#candidates})); then
        _describe "${order[@]}" 'kubectl cbt' candidates "${space[@]}"
    elif ((!(directive & 4))); then
        _files
    fi
}

# As a file in fpath, this is the first run of the function; otherwise the file is being sourced.
if [[ ${funcstack[1]} == _kubectl-cbt ]]; then
    _kubectl-cbt "$@"
else
    compdef _kubectl-cbt kubectl-cbt
fi
