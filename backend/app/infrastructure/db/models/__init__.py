"""The tables. Times are aware and in UTC, amounts are integer pesos, RUTs are canonical."""

from app.infrastructure.db.models.accounts import Account, AccountSession, SignInTry
from app.infrastructure.db.models.base import Base
from app.infrastructure.db.models.calendar import (
    CalendarEvent,
    CalendarFeed,
    CompanyEvent,
    CompanyTaxInfo,
    EventHistory,
    EventTemplate,
    ExtraHoliday,
)
from app.infrastructure.db.models.companies import Company, Membership, SiiCredential, User
from app.infrastructure.db.models.conversations import AgentMessage, AgentSession
from app.infrastructure.db.models.documents import (
    DailyBoletas,
    DocumentSummary,
    RegisterExport,
    RegisterMark,
    SyncCheckpoint,
    TaxDocument,
)
from app.infrastructure.db.models.f29 import F29Form, F29PdfFile
from app.infrastructure.db.models.fees import ReceivedFee
from app.infrastructure.db.models.memories import Memory
from app.infrastructure.db.models.notifications import (
    ChannelLimit,
    NotificationDelivery,
    NotificationPreferences,
    NotificationSubscription,
    NotificationTemplate,
    ScheduledNotification,
)
from app.infrastructure.db.models.onboarding import Onboarding
from app.infrastructure.db.models.operations import OperatorAction, PausedQueue
from app.infrastructure.db.models.runs import Run
from app.infrastructure.db.models.sii_sessions import SiiSession
from app.infrastructure.db.models.totals import DueEntry, PortalAnswer, RunTimeTotal, RunTotal

__all__ = [
    "Account",
    "AccountSession",
    "AgentMessage",
    "AgentSession",
    "Base",
    "CalendarEvent",
    "CalendarFeed",
    "ChannelLimit",
    "Company",
    "CompanyEvent",
    "CompanyTaxInfo",
    "DailyBoletas",
    "DocumentSummary",
    "DueEntry",
    "EventHistory",
    "EventTemplate",
    "ExtraHoliday",
    "F29Form",
    "F29PdfFile",
    "Membership",
    "Memory",
    "NotificationDelivery",
    "NotificationPreferences",
    "NotificationSubscription",
    "NotificationTemplate",
    "Onboarding",
    "OperatorAction",
    "PausedQueue",
    "PortalAnswer",
    "ReceivedFee",
    "RegisterExport",
    "RegisterMark",
    "Run",
    "RunTimeTotal",
    "RunTotal",
    "ScheduledNotification",
    "SignInTry",
    "SiiCredential",
    "SiiSession",
    "SyncCheckpoint",
    "TaxDocument",
    "User",
]
