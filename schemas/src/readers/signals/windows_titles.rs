//! What Windows' and Sysmon's events are called in plain words.
//!
//! Source: learn.microsoft.com/windows-server/identity/ad-ds/plan/appendix-l--events-to-monitor and
//! learn.microsoft.com/sysinternals/downloads/sysmon.

/// A Windows event in words; `None` for those that no one hunts for.
pub(super) fn windows(id: u32) -> Option<&'static str> {
    Some(match id {
        412 | 501 | 510 => "AD FS request",
        1102 => "Audit log cleared",
        1116 | 1117 => "Malware found by Defender Antivirus",
        4104 => "PowerShell script block",
        4624 => "Logon",
        4625 => "Failed logon",
        4634 | 4647 => "Logoff",
        4648 => "Logon with explicit credentials",
        4656 | 4663 => "Object access",
        4662 => "Directory object access",
        4672 => "Logon with special privileges",
        4688 => "Process created",
        4697 | 7045 => "Service installed",
        4698 => "Scheduled task created",
        4702 => "Scheduled task updated",
        4719 => "Audit policy changed",
        4720 => "User account created",
        4722 => "User account enabled",
        4723 | 4724 => "Password reset",
        4725 => "User account disabled",
        4726 => "User account deleted",
        4728 | 4732 | 4756 => "Member added to group",
        4729 | 4733 | 4757 => "Member removed from group",
        4738 => "User account changed",
        4740 => "User account locked out",
        4767 => "User account unlocked",
        4781 => "User account renamed",
        4798 => "Groups of a user listed",
        4768 => "Kerberos ticket requested",
        4769 => "Kerberos service ticket requested",
        4771 => "Kerberos pre-authentication failed",
        4776 => "Credentials validated",
        5136 => "Directory object changed",
        5140 | 5145 => "Network share accessed",
        5156 => "Network connection allowed",
        33205 => "SQL Server audit",
        _ => return None,
    })
}

/// Whether a Windows event is what a subject does to the account that is its target, or with that one's credentials.
pub(super) fn is_done_to_an_account(id: u32) -> bool {
    matches!(id, 4648 | 4720 | 4722..=4726 | 4738 | 4740 | 4767 | 4781 | 4798)
}

/// Whether the target of a Windows event is who acts: of a logon the subject is the service that asks for it.
pub(super) fn is_done_by_the_target(id: u32) -> bool {
    matches!(id, 4624 | 4625 | 4634 | 4647 | 4768 | 4769 | 4771 | 4776)
}

/// A Sysmon event in words.
pub(super) fn sysmon(id: u32) -> Option<&'static str> {
    Some(match id {
        1 => "Process created",
        2 => "File creation time changed",
        3 => "Network connection",
        5 => "Process ended",
        6 => "Driver loaded",
        7 => "Image loaded",
        8 => "Remote thread created",
        9 => "Raw disk read",
        10 => "Process accessed",
        11 => "File created",
        12..=14 => "Registry changed",
        15 => "File stream created",
        17 => "Pipe created",
        18 => "Pipe connected",
        19..=21 => "WMI event",
        22 => "DNS query",
        23 | 26 => "File deleted",
        24 => "Clipboard changed",
        25 => "Process tampered with",
        27..=29 => "Executable file written or blocked",
        _ => return None,
    })
}
