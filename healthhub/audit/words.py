"""What an entry of the log says to the patient, in both languages. One line for every word that `log.record` is given."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "patient.list": {"en": "saw your name in a list of patients", "zh-hans": "在患者列表中看到了您的姓名"},
    "patient.read": {"en": "opened your record", "zh-hans": "打开了您的档案"},
    "access_log.read": {"en": "read this access log", "zh-hans": "查看了本访问记录"},
    "consent.read": {"en": "read your consents", "zh-hans": "查看了您的授权"},
    "consent.grant": {"en": "gave consent", "zh-hans": "给予了授权"},
    "consent.withdraw": {"en": "withdrew consent", "zh-hans": "撤回了授权"},
    "token.list": {"en": "looked at your devices", "zh-hans": "查看了您的设备"},
    "token.issue": {"en": "connected a device", "zh-hans": "连接了一台设备"},
    "token.revoke": {"en": "disconnected a device", "zh-hans": "断开了一台设备"},
    "break_glass.open": {"en": "opened your record in an emergency", "zh-hans": "因紧急情况打开了您的档案"},
    "break_glass.end": {"en": "the emergency opening ended", "zh-hans": "紧急打开已结束"},
    "break_glass.list": {"en": "looked at an emergency opening to review it", "zh-hans": "查看了一次待审核的紧急打开"},
    "break_glass.review": {"en": "reviewed an emergency opening of your record", "zh-hans": "审核了一次对您档案的紧急打开"},
    "membership.join": {"en": "joined a team", "zh-hans": "加入了团队"},
    "membership.end": {"en": "left a team", "zh-hans": "离开了团队"},
    "notice.list": {"en": "read notices that speak of you", "zh-hans": "查看了与您有关的通知"},
    "notice.sent": {"en": "sent a notice that speaks of you", "zh-hans": "发送了一条与您有关的通知"},
    "channel.added": {"en": "added a way to be told", "zh-hans": "添加了通知渠道"},
    "channel.removed": {"en": "removed a way to be told", "zh-hans": "移除了通知渠道"},
    "duty.hand_over": {"en": "handed over the duty", "zh-hans": "交接了值班"},
    "profile.change": {"en": "changed their own settings", "zh-hans": "更改了自己的设置"},
    "observations.read": {"en": "read your readings", "zh-hans": "查看了您的测量数据"},
    "observations.write": {"en": "recorded readings for you", "zh-hans": "为您记录了测量数据"},
    "observation.read": {"en": "looked at one of your readings", "zh-hans": "查看了您的一条测量数据"},
    "observation.remove": {"en": "took out one of your readings", "zh-hans": "移除了您的一条测量数据"},
    "alerts.read": {"en": "read your alerts", "zh-hans": "查看了您的警报"},
    "alert.read": {"en": "read one of your alerts", "zh-hans": "查看了您的一条警报"},
    "alert.acknowledge": {"en": "took one of your alerts in hand", "zh-hans": "接手处理您的一条警报"},
    "alert.hand_back": {"en": "handed one of your alerts back", "zh-hans": "交回了您的一条警报"},
    "alert.note": {"en": "wrote a note to one of your alerts", "zh-hans": "为您的一条警报添加了备注"},
    "alert.resolve": {"en": "closed one of your alerts", "zh-hans": "关闭了您的一条警报"},
    "alert.snooze": {"en": "put off reminders of one of your alerts", "zh-hans": "暂停了您的一条警报的提醒"},
    "alert.unsnooze": {"en": "turned reminders of one of your alerts on again", "zh-hans": "恢复了您的一条警报的提醒"},
    "worklist.read": {"en": "saw you on the worklist", "zh-hans": "在工作列表中看到了您"},
    "standing.read": {"en": "saw how you are doing", "zh-hans": "查看了您的总体状况"},
    "plan.read": {"en": "read by which rules you are watched", "zh-hans": "查看了您的监测规则"},
    "limits.read": {"en": "read your personal limits", "zh-hans": "查看了您的个人界限值"},
    "limit.set": {"en": "changed a limit for you", "zh-hans": "为您更改了界限值"},
    "limit.end": {"en": "ended a limit of yours", "zh-hans": "终止了您的一个界限值"},
    "rule.backtest": {"en": "tried a rule on your past readings", "zh-hans": "用您的历史数据测试了一条规则"},
    "rule.save": {"en": "saved a rule of the team", "zh-hans": "保存了一条团队规则"},
}
OTHERWISE: Mapping[str, str] = {"en": "did something with your record ({did})", "zh-hans": "对您的档案进行了操作（{did}）"}


def words_for(did: str) -> dict[str, str]:
    """This function will give the sentence for an act: {"en": ..., "zh-hans": ...}, to stand behind a name."""
    return {language: text.format(did=did) for language, text in WORDS.get(did, OTHERWISE).items()}
