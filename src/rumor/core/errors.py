"""The errors, by whose fault it is.

RumorError
|-- UsageError          you called us wrongly; nothing was changed
|   `-- AddressError        a text that is no address
|-- ConfigError         a configuration file that can't be used; says file, line and what is wrong
|-- StateError          a state directory that can't be used: broken, or in use by another process
|-- ListenError         the address can't be listened on
|-- RequestError        a member that was asked gave no answer
|   `-- RequestTimeout      not in time; a TimeoutError, too
|-- SlowSubscriber      a subscription was closed because it was not read in time
`-- WireError           bytes that are not a message; never reaches an application
"""


class RumorError(Exception):
    """Base of everything that this library raises."""


class UsageError(RumorError, ValueError):
    """You called us wrongly. Nothing was changed."""


class AddressError(UsageError):
    """A text that is not an address."""


class ConfigError(RumorError):
    """A configuration file that can't be used; the message names the file, the line and what is wrong."""


class StateError(RumorError):
    """A state directory that can't be used: its files are broken, not ours, or in use by another process."""


class ListenError(RumorError):
    """The address can't be listened on: busy, not ours, or not permitted."""


class RequestError(RumorError):
    """A member that was asked gave no answer; the message says why."""


class RequestTimeout(RequestError, TimeoutError):
    """It gave none in time."""


class SlowSubscriber(RumorError):
    """The subscription was not read in time, its queue ran over, and it was closed: what follows was missed."""


class WireError(RumorError):
    """Bytes that are not a message. Raised by `wire`, caught by the driver, which closes the connection."""
