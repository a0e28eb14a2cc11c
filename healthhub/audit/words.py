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
}
OTHERWISE: Mapping[str, str] = {"en": "did something with your record ({did})", "zh-hans": "对您的档案进行了操作（{did}）"}


def words_for(did: str) -> dict[str, str]:
    """This function will give the sentence for an act: {"en": ..., "zh-hans": ...}, to stand behind a name."""
    return {language: text.format(did=did) for language, text in WORDS.get(did, OTHERWISE).items()}
