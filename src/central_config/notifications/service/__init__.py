"""Messages to people: `post` writes them, `Deliverer` sends them, `Notifications` shows them."""

from central_config.notifications.service.delivery import DELIVER, Deliverer
from central_config.notifications.service.outbox import Notifications, post, told_about
from central_config.notifications.service.reaching import Reach, reach

__all__ = ["DELIVER", "Deliverer", "Notifications", "Reach", "post", "reach", "told_about"]
