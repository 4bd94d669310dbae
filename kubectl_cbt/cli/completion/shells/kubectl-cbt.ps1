# Completes the command kubectl-cbt in PowerShell.
#
#   This shell only:  kubectl-cbt completion powershell | Out-String | Invoke-Expression
#   Every new shell:  add that line to the file $PROFILE
#
# It runs kubectl_complete-cbt, which must be on PATH. To complete "kubectl cbt", this script is not needed: kubectl's
# own completion (kubectl completion powershell) runs the same program.

Register-ArgumentCompleter -Native -CommandName 'kubectl-cbt' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $given = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { "$_" } })
    # PowerShell before 7.3 drops an empty argument unless it is quoted twice.
    $last = "$wordToComplete"
    if ($last -eq '' -and ($PSVersionTable.PSVersion -lt [version]'7.3' -or $PSNativeCommandArgumentPassing -eq 'Legacy')) {
        $last = '""'
    }
    $lines = @(& kubectl_complete-cbt @given $last 2>$null)
    if ($lines.Count -eq 0 -or $lines[-1] -notmatch '^:(\d+)$') { return }
    $directive = [int]$Matches[1]

    # For a word --flag=value, the candidates are values, and PowerShell expects the whole word.
    $flag = if ("$wordToComplete" -match '^--[^=]*=') { $Matches[0] } else { '' }
    $space = if ($directive -band 2) { '' } else { ' ' }
    $candidates = @($lines | Select-Object -SkipLast 1)
    # With no output at all, PowerShell completes files; with an empty text it does not.
    if ($candidates.Count -eq 0 -and ($directive -band 4)) { return '' }
    $candidates | ForEach-Object {
        $value, $about = $_ -split "`t", 2
        $text = "$flag$value"
        $inserted = if ($text -match '[^\w\-./:=@+]') { "'" + $text.Replace("'", "''") + "'" } else { $text }
        $tip = if ($about) { $about } else { $value }
        [System.Management.Automation.CompletionResult]::new("$inserted$space", $value, 'ParameterValue', $tip)
    }
}
